#include "fusion/dense_product.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "heads/panel_threads.hpp"

namespace headroom::fusion {

using heads::kPanelWidth;
using heads::panel_product;
using heads::PanelCounter;
using heads::PanelProduct;

namespace {

std::int64_t panels_of(std::int64_t columns) { return (columns + kPanelWidth - 1) / kPanelWidth; }

// Writes columns `first` to first + width - 1 of left · panel, of the rows from first_row on.
void write_panel(const sdk::Matrix& left, std::int64_t first_row, const double* panel, std::int64_t first,
                 std::int64_t width, sdk::Matrix& out) {
  PanelProduct product;
  product.left = left.data() + first_row * left.cols();
  product.left_stride = left.cols();
  product.rows = left.rows() - first_row;
  product.panel = panel;
  product.depth = left.cols();
  product.out = out.data() + first_row * out.cols() + first;
  product.out_stride = out.cols();
  product.width = width;
  panel_product(product);
}

sdk::Matrix product_with_rows(const sdk::Matrix& left, const sdk::Matrix& right, bool is_symmetric, int n_threads) {
  sdk::Matrix out(left.rows(), right.rows());
  const std::int64_t n_panels = panels_of(right.rows());
  heads::on_threads(n_threads, n_panels, [&](PanelCounter& counter) {
    std::vector<double> panel(static_cast<std::size_t>(left.cols() * kPanelWidth));
    for (std::int64_t p = counter.next(); p < n_panels; p = counter.next()) {
      const std::int64_t first = p * kPanelWidth, width = std::min(kPanelWidth, right.rows() - first);
      pack_rows(right.data(), right.cols(), left.cols(), first, width, panel.data());
      write_panel(left, is_symmetric ? first : 0, panel.data(), first, width, out);
    }
  });
  if (is_symmetric) mirror_lower(out);
  return out;
}

// visit(i, j) for all i > j, tile by tile, so that m(i, j) and m(j, i) stay in the cache.
template <class Visit>
void below_diagonal(std::int64_t n, const Visit& visit) {
  constexpr std::int64_t tile = 32;
  for (std::int64_t i0 = 0; i0 < n; i0 += tile) {
    for (std::int64_t j0 = 0; j0 <= i0; j0 += tile) {
      for (std::int64_t i = i0; i < std::min(n, i0 + tile); ++i) {
        for (std::int64_t j = j0; j < std::min(i, j0 + tile); ++j) visit(i, j);
      }
    }
  }
}

}  // namespace

void mirror_lower(sdk::Matrix& m) {
  below_diagonal(m.rows(), [&](std::int64_t i, std::int64_t j) { m(j, i) = m(i, j); });
}

void mirror_upper(sdk::Matrix& m) {
  below_diagonal(m.rows(), [&](std::int64_t i, std::int64_t j) { m(i, j) = m(j, i); });
}

void pack_columns(const double* from, std::int64_t stride, std::int64_t depth, std::int64_t first, std::int64_t width,
                  double* panel) {
  for (std::int64_t d = 0; d < depth; ++d) {
    double* to = panel + d * kPanelWidth;
    std::memcpy(to, from + d * stride + first, static_cast<std::size_t>(width) * sizeof(double));
    std::fill(to + width, to + kPanelWidth, 0.0);
  }
}

void pack_rows(const double* from, std::int64_t stride, std::int64_t depth, std::int64_t first, std::int64_t width,
               double* panel) {
  constexpr std::int64_t at_once = 64;  // columns of `from` that stay in the first-level cache
  for (std::int64_t start = 0; start < depth; start += at_once) {
    const std::int64_t end = std::min(depth, start + at_once);
    for (std::int64_t j = 0; j < width; ++j) {
      const double* row = from + (first + j) * stride;
      for (std::int64_t d = start; d < end; ++d) panel[d * kPanelWidth + j] = row[d];
    }
  }
  if (width == kPanelWidth) return;
  for (std::int64_t d = 0; d < depth; ++d)
    std::fill(panel + d * kPanelWidth + width, panel + (d + 1) * kPanelWidth, 0.0);
}

sdk::Matrix product(const sdk::Matrix& left, const sdk::Matrix& right, int n_threads) {
  sdk::Matrix out(left.rows(), right.cols());
  const std::int64_t n_panels = panels_of(right.cols());
  heads::on_threads(n_threads, n_panels, [&](PanelCounter& counter) {
    std::vector<double> panel(static_cast<std::size_t>(left.cols() * kPanelWidth));
    for (std::int64_t p = counter.next(); p < n_panels; p = counter.next()) {
      const std::int64_t first = p * kPanelWidth, width = std::min(kPanelWidth, right.cols() - first);
      pack_columns(right.data(), right.cols(), left.cols(), first, width, panel.data());
      write_panel(left, 0, panel.data(), first, width, out);
    }
  });
  return out;
}

sdk::Matrix product_with_transposed(const sdk::Matrix& left, const sdk::Matrix& right, int n_threads) {
  return product_with_rows(left, right, false, n_threads);
}

sdk::Matrix symmetric_product(const sdk::Matrix& left, const sdk::Matrix& right, int n_threads) {
  return product_with_rows(left, right, true, n_threads);
}

}  // namespace headroom::fusion
