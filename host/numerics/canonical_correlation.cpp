#include "numerics/canonical_correlation.hpp"

#include <Eigen/SVD>
#include <algorithm>

namespace headroom {
namespace {

constexpr double kNullDirection = 1e-9;  // singular value relative to the largest

// Orthonormal columns that span the centred columns: rows × rank.
Eigen::MatrixXd basis_of(const ConstMatrixRef& features) {
  Eigen::MatrixXd centred = features;
  centred.rowwise() -= Eigen::RowVectorXd(centred.colwise().mean());
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(centred, Eigen::ComputeThinU);
  const Eigen::VectorXd& values = svd.singularValues();
  Eigen::Index rank = 0;
  while (rank < values.size() && values[rank] > kNullDirection * values[0]) ++rank;
  return svd.matrixU().leftCols(rank);
}

}  // namespace

std::optional<double> mean_canonical_correlation(const ConstMatrixRef& a, const ConstMatrixRef& b) {
  if (a.rows() != b.rows() || a.rows() < 2 || a.cols() == 0 || b.cols() == 0) return std::nullopt;
  const Eigen::MatrixXd basis_a = basis_of(a), basis_b = basis_of(b);
  const Eigen::Index n = std::min(basis_a.cols(), basis_b.cols());
  if (n == 0 || a.rows() <= basis_a.cols() + basis_b.cols() + 1) return std::nullopt;
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(basis_a.transpose() * basis_b);
  return std::min(1.0, svd.singularValues().head(n).sum() / static_cast<double>(n));  // rounding may leave 1 + ε
}

}  // namespace headroom
