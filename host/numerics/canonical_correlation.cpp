#include "numerics/canonical_correlation.hpp"

#include <Eigen/SVD>
#include <algorithm>

namespace headroom {
namespace {

constexpr double kNullDirection = 1e-9;  // singular value relative to the largest

}  // namespace

Eigen::MatrixXd centred_basis(const ConstMatrixRef& features) {
  if (features.rows() == 0 || features.cols() == 0) return Eigen::MatrixXd(features.rows(), 0);
  Eigen::MatrixXd centred = features;
  centred.rowwise() -= Eigen::RowVectorXd(centred.colwise().mean());
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(centred, Eigen::ComputeThinU);
  const Eigen::VectorXd& values = svd.singularValues();
  Eigen::Index rank = 0;
  while (rank < values.size() && values[rank] > kNullDirection * values[0]) ++rank;
  return svd.matrixU().leftCols(rank);
}

std::optional<double> mean_canonical_correlation_of_bases(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b) {
  const Eigen::Index n = std::min(a.cols(), b.cols());
  if (n == 0 || a.rows() != b.rows() || a.rows() <= a.cols() + b.cols() + 1) return std::nullopt;
  const Eigen::JacobiSVD<Eigen::MatrixXd> svd(a.transpose() * b);
  return std::min(1.0, svd.singularValues().head(n).sum() / static_cast<double>(n));  // rounding may leave 1 + ε
}

std::optional<double> mean_canonical_correlation(const ConstMatrixRef& a, const ConstMatrixRef& b) {
  if (a.rows() != b.rows() || a.rows() < 2) return std::nullopt;
  return mean_canonical_correlation_of_bases(centred_basis(a), centred_basis(b));
}

}  // namespace headroom
