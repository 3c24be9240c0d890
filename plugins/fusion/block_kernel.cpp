#include "fusion/block_kernel.hpp"

#include <algorithm>
#include <cmath>

#include "fusion/dense_product.hpp"
#include "heads/panel_threads.hpp"

namespace headroom::fusion {
namespace {

// A kernel whose diagonal shrinks to this share when it is centred is constant but for rounding.
constexpr double kConstant = 1e-12;

std::vector<std::int64_t> present_rows(const sdk::PredictorRequest& request, std::int64_t b) {
  std::vector<std::int64_t> rows;
  for (std::int64_t i = 0; i < request.n_training(); ++i) {
    if (request.block(b).training_present(i)) rows.push_back(i);
  }
  return rows;
}

// The mean of the two middle ones of an even number.
double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return 0.5 * (*middle + *std::max_element(values.begin(), middle));
}

double median_distance(const sdk::Matrix& gram) {
  const std::int64_t n = gram.rows();
  std::vector<double> distances;
  distances.reserve(static_cast<std::size_t>(n * (n - 1) / 2));
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < i; ++j) {
      distances.push_back(std::sqrt(std::max(0.0, gram(i, i) + gram(j, j) - 2.0 * gram(i, j))));
    }
  }
  return distances.empty() ? 0.0 : median_of(std::move(distances));
}

// Of rows whose inner product and squared norms these are.
double raw_kernel(KernelKind kind, double median, double inner, double norm, double other_norm) {
  if (kind == KernelKind::linear) return inner;
  return std::exp(-std::max(0.0, norm + other_norm - 2.0 * inner) / (2.0 * median * median));
}

// The kernel of one kind from inner products of the rows that have the block.
BlockKernel kernel_of(const sdk::Matrix& gram, const std::vector<std::int64_t>& rows, std::int64_t n,
                      std::int64_t block, KernelKind kind) {
  const std::int64_t n_present = gram.rows();
  BlockKernel kernel;
  KernelFrame& frame = kernel.frame;
  frame.block = block;
  frame.kind = kind;
  if (n_present < 2) return kernel;
  if (kind == KernelKind::rbf) {
    frame.median = median_distance(gram);
    if (!(frame.median > 0)) return kernel;  // most rows are alike: there is no scale to measure distances by
  }
  sdk::Matrix raw(n_present, n_present);
  for (std::int64_t i = 0; i < n_present; ++i) {
    for (std::int64_t j = 0; j <= i; ++j)
      raw(i, j) = raw_kernel(kind, frame.median, gram(i, j), gram(i, i), gram(j, j));
  }
  mirror_lower(raw);
  frame.row_means = raw.rowwise().mean();
  frame.mean = frame.row_means.mean();
  const double trace =
      (raw.diagonal().array() - 2.0 * frame.row_means.array() + frame.mean).sum();  // of the centred kernel
  if (!(trace > kConstant * raw.trace()) || !std::isfinite(trace)) return kernel;
  frame.scale = static_cast<double>(n) / trace;
  kernel.values = LowerTriangle(n);
  for (std::int64_t i = 0; i < n_present; ++i) {
    double* to = kernel.values.row(rows[static_cast<std::size_t>(i)]);
    for (std::int64_t j = 0; j <= i; ++j) {
      to[rows[static_cast<std::size_t>(j)]] =
          frame.scale * (raw(i, j) - frame.row_means[i] - frame.row_means[j] + frame.mean);
    }
  }
  return kernel;
}

}  // namespace

const char* name_of(KernelKind kind) { return kind == KernelKind::linear ? "linear" : "rbf"; }

LowerTriangle LowerTriangle::of_rows(const std::vector<std::int64_t>& rows) const {
  LowerTriangle part(static_cast<std::int64_t>(rows.size()));
  for (std::int64_t i = 0; i < part.n(); ++i) {
    const double* from = row(rows[static_cast<std::size_t>(i)]);
    double* to = part.row(i);
    for (std::int64_t j = 0; j <= i; ++j) to[j] = from[rows[static_cast<std::size_t>(j)]];
  }
  return part;
}

std::vector<BlockKernel> block_kernels(const sdk::PredictorRequest& request, std::int64_t block,
                                       const std::vector<KernelKind>& kinds) {
  const heads::Features features(request.block(block));
  const sdk::Matrix present = features.training();
  const sdk::Matrix gram = symmetric_product(present, present, 1);
  const std::vector<std::int64_t> rows = present_rows(request, block);
  std::vector<BlockKernel> kernels;
  for (const KernelKind kind : kinds) kernels.push_back(kernel_of(gram, rows, request.n_training(), block, kind));
  return kernels;
}

void add_query_kernel(const sdk::PredictorRequest& request, const KernelFrame& frame, double weight, int n_threads,
                      sdk::Matrix& sum) {
  const sdk::Block block = request.block(frame.block);
  const heads::Features features(block);
  const sdk::Matrix present = features.training(), query = features.query();
  const std::vector<std::int64_t> rows = present_rows(request, frame.block);
  const sdk::Matrix inner = product_with_transposed(query, present, n_threads);
  const Eigen::VectorXd norms = present.rowwise().squaredNorm();
  heads::on_threads(n_threads, query.rows(), [&](heads::PanelCounter& counter) {
    Eigen::VectorXd raw(present.rows());
    for (std::int64_t q = counter.next(); q < query.rows(); q = counter.next()) {
      if (!block.query_present(q)) continue;
      const double norm = query.row(q).squaredNorm();
      for (std::int64_t j = 0; j < raw.size(); ++j) {
        raw[j] = raw_kernel(frame.kind, frame.median, inner(q, j), norm, norms[j]);
      }
      const double mean = raw.mean();
      for (std::int64_t j = 0; j < raw.size(); ++j) {
        sum(q, rows[static_cast<std::size_t>(j)]) +=
            weight * frame.scale * (raw[j] - mean - frame.row_means[j] + frame.mean);
      }
    }
  });
}

}  // namespace headroom::fusion
