#include "heads/neighbours.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "heads/distance.hpp"
#include "heads/panel_product.hpp"

namespace headroom::heads {
namespace {

struct Candidate {
  double squared_distance;
  std::int32_t row;
  bool operator<(const Candidate& other) const {
    return squared_distance < other.squared_distance ||
           (squared_distance == other.squared_distance && row < other.row);
  }
};

// Query rows × training rows (stride as given): the products of a query row with every training row.
sdk::Matrix inner_products(const sdk::ConstMatrixMap& query, const sdk::ConstMatrixMap& training) {
  const std::int64_t d = training.cols();
  sdk::Matrix products(query.rows(), training.rows());
  std::vector<double> panel(static_cast<std::size_t>(d * kPanelWidth));
  for (std::int64_t first = 0; first < training.rows(); first += kPanelWidth) {
    const std::int64_t width = std::min(kPanelWidth, training.rows() - first);
    std::fill(panel.begin(), panel.end(), 0.0);
    for (std::int64_t t = 0; t < width; ++t) {
      const double* row = training.data() + (first + t) * training.outerStride();
      for (std::int64_t j = 0; j < d; ++j) panel[static_cast<std::size_t>(j * kPanelWidth + t)] = row[j];
    }
    PanelProduct product;
    product.left = query.data();
    product.left_stride = query.outerStride();
    product.rows = query.rows();
    product.panel = panel.data();
    product.depth = d;
    product.out = products.data() + first;
    product.out_stride = products.cols();
    product.width = width;
    panel_product(product);
  }
  return products;
}

}  // namespace

Neighbours nearest_rows(const sdk::ConstMatrixMap& training, const sdk::ConstMatrixMap& query, std::int64_t n_nearest) {
  const std::int64_t n = training.rows();
  const std::int64_t d = training.cols();
  Neighbours found;
  found.n_query = query.rows();
  found.n_nearest = n_nearest;
  found.rows.resize(static_cast<std::size_t>(query.rows() * n_nearest));

  const sdk::Matrix products = inner_products(query, training);
  const Eigen::VectorXd training_norms = training.rowwise().squaredNorm();
  const double largest_norm = n > 0 ? training_norms.maxCoeff() : 0.0;
  // Sums of d products: error at most d·u per unit of Σ|a||b| <= (|q|² + |t|²)/2, u = epsilon/2, for the norm, twice
  // the product, and the distance measured anew. The factor in front covers all of them several times over.
  const double relative_error = 4.0 * static_cast<double>(d + 8) * std::numeric_limits<double>::epsilon();

  std::vector<double> approximate(static_cast<std::size_t>(n));
  std::vector<double> sorted(static_cast<std::size_t>(n));
  std::vector<Candidate> candidates;
  for (std::int64_t q = 0; q < query.rows(); ++q) {
    for (std::int64_t t = 0; t < n; ++t) {
      approximate[static_cast<std::size_t>(t)] = training_norms[t] - 2.0 * products(q, t);
    }
    sorted = approximate;
    const auto kth = sorted.begin() + (n_nearest - 1);
    std::nth_element(sorted.begin(), kth, sorted.end());
    const double limit = *kth + relative_error * (query.row(q).squaredNorm() + largest_norm);

    candidates.clear();
    const double* query_row = query.data() + q * query.outerStride();
    const bool comparable = std::isfinite(limit) && std::isfinite(largest_norm);  // else squares overflowed
    for (std::int64_t t = 0; t < n; ++t) {
      if (comparable && approximate[static_cast<std::size_t>(t)] > limit) continue;
      const double* row = training.data() + t * training.outerStride();
      candidates.push_back({squared_distance(query_row, row, d), static_cast<std::int32_t>(t)});
    }
    std::partial_sort(candidates.begin(), candidates.begin() + n_nearest, candidates.end());
    std::int32_t* out = found.rows.data() + q * n_nearest;
    for (std::int64_t i = 0; i < n_nearest; ++i) out[i] = candidates[static_cast<std::size_t>(i)].row;
  }
  return found;
}

}  // namespace headroom::heads
