#include "bounds/idealized.hpp"

#include <algorithm>
#include <optional>

#include "bounds/centred_products.hpp"
#include "numerics/pca.hpp"

namespace headroom {
namespace {

// Scores from inner products alone: eigenvectors times their singular values. Absent where digits would be lost.
std::optional<Matrix> scores_from_products(const Matrix& products, Eigen::Index n_components) {
  const Vector means = products.rowwise().mean();
  const double mean = means.mean();
  auto centred = centred_products(products, [&](Eigen::Index i, Eigen::Index j) { return means[i] + means[j] - mean; });
  if (!centred) return std::nullopt;
  const auto pairs = sound_eigenpairs(*centred, n_components);
  if (!pairs) return std::nullopt;
  return Matrix((pairs->values.cwiseSqrt().asDiagonal() * pairs->vectors).transpose());
}

}  // namespace

Result<Matrix> idealized_embedding(const ConstMatrixRef& deltas, Eigen::Index common_dim, const Matrix* products) {
  const auto n_rows = static_cast<double>(deltas.rows()), n_genes = static_cast<double>(deltas.cols());
  if (products != nullptr && pca_cost_by_rows(n_rows, n_genes) < pca_cost_by_columns(n_rows, n_genes)) {
    auto scores = scores_from_products(*products, std::min({common_dim, deltas.rows(), deltas.cols()}));
    if (scores) return std::move(*scores);
  }
  const RowIndex rows = all_rows(deltas.rows());
  return fit_pca(deltas, rows, common_dim, ColumnScaling::none).map([&](const Pca& pca) {
    return pca_scores(pca, deltas, rows);
  });
}

}  // namespace headroom
