// How much two sets of features of the same rows say the same, whatever their axes and scales.
#pragma once

#include <Eigen/Core>
#include <optional>

#include "matrix/matrix.hpp"

namespace headroom {

// The mean of the canonical correlations of two matrices with the same rows (Hotelling 1936), as many as the smaller of
// their ranks: 1 where the columns of one are linear combinations of the other's, near 0 where they have nothing to do
// with each other. Columns are centred here; directions below 1e-9 of the largest are none. None where one of them has
// no direction, or there are no more rows than the ranks of both and the mean together: any two would agree then.
std::optional<double> mean_canonical_correlation(const ConstMatrixRef& a, const ConstMatrixRef& b);

// The same in two steps, for whoever compares a matrix with many: orthonormal columns that span the centred ones (rows
// × rank), and the value from those of both.
Eigen::MatrixXd centred_basis(const ConstMatrixRef& features);
std::optional<double> mean_canonical_correlation_of_bases(const Eigen::MatrixXd& a, const Eigen::MatrixXd& b);

}  // namespace headroom
