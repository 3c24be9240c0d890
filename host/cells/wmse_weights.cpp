#include "cells/wmse_weights.hpp"

#include <algorithm>
#include <cmath>

#include "deg/welch.hpp"

namespace headroom {
namespace {

constexpr double kLeastCells = 2;  // for a variance

// genes: |t|, infinite ones as the largest finite.
RowVector absolute_t(const SumsOfCells& sums, Eigen::Index row, const RowVector& sum, const RowVector& sum_of_squares,
                     double n_cells) {
  const double n = sums.n_cells[row], n_rest = n_cells - n;
  RowVector t(sum.size());
  double largest = 0;
  for (Eigen::Index g = 0; g < t.size(); ++g) {
    const SampleMoments own = sample_moments(n, sums.sum(row, g), sums.sum_of_squares(row, g));
    const SampleMoments rest =
        sample_moments(n_rest, sum[g] - sums.sum(row, g), sum_of_squares[g] - sums.sum_of_squares(row, g));
    t[g] = std::abs(welch_t(own, rest, std::max(n, n_rest)));
    if (std::isfinite(t[g])) largest = std::max(largest, t[g]);
  }
  return t.cwiseMin(largest);
}

}  // namespace

FloatMatrix wmse_weights(const SumsOfCells& sums) {
  const RowVector sum = sums.sum.colwise().sum(), sum_of_squares = sums.sum_of_squares.colwise().sum();
  const double n_cells = sums.n_cells.sum();
  FloatMatrix weights(sums.sum.rows(), sums.sum.cols());
  for (Eigen::Index row = 0; row < weights.rows(); ++row) {
    const bool has_variances = sums.n_cells[row] >= kLeastCells && n_cells - sums.n_cells[row] >= kLeastCells;
    RowVector t = RowVector::Zero(sum.size());
    if (has_variances) t = absolute_t(sums, row, sum, sum_of_squares, n_cells);
    const double least = t.minCoeff(), range = t.maxCoeff() - least;
    if (range > 0) {
      t = ((t.array() - least) / range).pow(kWeightExponent);
    } else {
      t.setOnes();
    }
    weights.row(row) = (t / t.sum()).cast<float>();
  }
  return weights;
}

}  // namespace headroom
