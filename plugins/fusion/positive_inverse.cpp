#include "fusion/positive_inverse.hpp"

#include <Eigen/Cholesky>
#include <algorithm>
#include <vector>

#include "fusion/dense_product.hpp"
#include "heads/panel_threads.hpp"

namespace headroom::fusion {
namespace {

using heads::kPanelWidth;
using heads::panel_product;
using heads::PanelCounter;
using heads::PanelProduct;

constexpr std::int64_t kBlock = kPanelWidth;  // rows and columns of a block

std::int64_t n_blocks_of(std::int64_t n) { return (n + kBlock - 1) / kBlock; }
std::int64_t width_of(std::int64_t n, std::int64_t block) { return std::min(kBlock, n - block * kBlock); }

// A = L Lᵀ.
struct BlockFactor {
  sdk::Matrix lower;                  // n × n; zeros above the diagonal
  std::vector<sdk::Matrix> inverses;  // of the diagonal blocks, lower triangular
};

// Left-looking: block column k of A less what the columns before it account for, times the inverse of its diagonal
// block's factor, transposed.
std::optional<BlockFactor> block_factor(const sdk::Matrix& a, int n_threads) {
  const std::int64_t n = a.rows(), n_blocks = n_blocks_of(n);
  BlockFactor factor{sdk::Matrix::Zero(n, n), {}};
  sdk::Matrix& lower = factor.lower;
  std::vector<double> panel(static_cast<std::size_t>(n * kPanelWidth));
  sdk::Matrix column(n, kPanelWidth);
  for (std::int64_t k = 0; k < n_blocks; ++k) {
    const std::int64_t first = k * kBlock, width = width_of(n, k);
    pack_rows(lower.data(), n, first, first, width, panel.data());
    const std::int64_t n_chunks = n_blocks - k;
    heads::on_threads(n_threads, n_chunks, [&](PanelCounter& counter) {
      for (std::int64_t c = counter.next(); c < n_chunks; c = counter.next()) {
        const std::int64_t row = first + c * kBlock, rows = width_of(n, k + c);
        PanelProduct product;
        product.left = lower.data() + row * n;
        product.left_stride = n;
        product.rows = rows;
        product.panel = panel.data();
        product.depth = first;
        product.out = column.data() + row * kPanelWidth;
        product.out_stride = kPanelWidth;
        panel_product(product);
        column.block(row, 0, rows, width) = a.block(row, first, rows, width) - column.block(row, 0, rows, width);
      }
    });
    const sdk::Matrix corner = column.block(first, 0, width, width);
    const Eigen::LLT<sdk::Matrix> cholesky(corner);
    if (cholesky.info() != Eigen::Success) return std::nullopt;
    const sdk::Matrix diagonal = cholesky.matrixL();
    if (!diagonal.allFinite()) return std::nullopt;
    lower.block(first, first, width, width) = diagonal;
    sdk::Matrix inverse = sdk::Matrix::Identity(width, width);
    diagonal.triangularView<Eigen::Lower>().solveInPlace(inverse);
    pack_rows(inverse.data(), width, width, 0, width, panel.data());
    heads::on_threads(n_threads, n_chunks - 1, [&](PanelCounter& counter) {
      for (std::int64_t c = counter.next(); c + 1 < n_chunks; c = counter.next()) {
        const std::int64_t row = first + (c + 1) * kBlock;
        PanelProduct product;
        product.left = column.data() + row * kPanelWidth;
        product.left_stride = kPanelWidth;
        product.rows = width_of(n, k + c + 1);
        product.panel = panel.data();
        product.depth = width;
        product.out = lower.data() + row * n + first;
        product.out_stride = n;
        product.width = width;
        panel_product(product);
      }
    });
    factor.inverses.push_back(std::move(inverse));
  }
  return factor;
}

// Column panel j of X = L⁻¹, rows from j · kBlock on, into `solved` (n × kPanelWidth; rows above are not touched).
void solve_panel(const BlockFactor& factor, std::int64_t j, double* solved) {
  const std::int64_t n = factor.lower.rows(), n_blocks = n_blocks_of(n), start = j * kBlock;
  sdk::Matrix rest(kBlock, kPanelWidth);
  for (std::int64_t k = j; k < n_blocks; ++k) {
    const std::int64_t row = k * kBlock, rows = width_of(n, k);
    const sdk::Matrix& inverse = factor.inverses[static_cast<std::size_t>(k)];
    double* out = solved + row * kPanelWidth;
    if (k == j) {
      std::fill(out, out + rows * kPanelWidth, 0.0);
      for (std::int64_t r = 0; r < rows; ++r) std::copy_n(inverse.data() + r * rows, rows, out + r * kPanelWidth);
      continue;
    }
    PanelProduct product;
    product.left = factor.lower.data() + row * n + start;
    product.left_stride = n;
    product.rows = rows;
    product.panel = solved + start * kPanelWidth;
    product.depth = row - start;
    product.out = rest.data();
    product.out_stride = kPanelWidth;
    panel_product(product);
    const sdk::Matrix negative = -inverse;
    PanelProduct scaled;
    scaled.left = negative.data();
    scaled.left_stride = rows;
    scaled.rows = rows;
    scaled.panel = rest.data();
    scaled.depth = rows;
    scaled.out = out;
    scaled.out_stride = kPanelWidth;
    panel_product(scaled);
  }
}

}  // namespace

std::optional<sdk::Matrix> positive_inverse(const sdk::Matrix& a, int n_threads) {
  const auto factor = block_factor(a, n_threads);
  if (!factor) return std::nullopt;
  const std::int64_t n = a.rows(), n_blocks = n_blocks_of(n);
  // Panel j of X: n × kPanelWidth, contiguous; and Xᵀ row by row.
  std::vector<double> panels(static_cast<std::size_t>(n_blocks * n * kPanelWidth));
  sdk::Matrix transposed(n, n);
  heads::on_threads(n_threads, n_blocks, [&](PanelCounter& counter) {
    for (std::int64_t j = counter.next(); j < n_blocks; j = counter.next()) {
      double* solved = panels.data() + j * n * kPanelWidth;
      solve_panel(*factor, j, solved);
      const std::int64_t first = j * kBlock, width = width_of(n, j);
      for (std::int64_t i = first; i < n; ++i) {
        for (std::int64_t c = 0; c < width; ++c) transposed(first + c, i) = solved[i * kPanelWidth + c];
      }
    }
  });
  // A⁻¹(i, j) = Σ over the rows from the later of both on of X(·, i) X(·, j): block (i, j) of the upper triangle needs
  // those from block j on.
  sdk::Matrix inverse(n, n);
  heads::on_threads(n_threads, n_blocks, [&](PanelCounter& counter) {
    for (std::int64_t j = counter.next(); j < n_blocks; j = counter.next()) {
      const std::int64_t first = j * kBlock, width = width_of(n, j);
      PanelProduct product;
      product.left = transposed.data() + first;
      product.left_stride = n;
      product.rows = first + width;
      product.panel = panels.data() + (j * n + first) * kPanelWidth;
      product.depth = n - first;
      product.out = inverse.data() + first;
      product.out_stride = n;
      product.width = width;
      panel_product(product);
    }
  });
  mirror_upper(inverse);
  if (!inverse.allFinite()) return std::nullopt;
  return inverse;
}

}  // namespace headroom::fusion
