// Standardisation of columns as scikit-learn's StandardScaler does it: mean 0, population standard deviation 1,
// constant columns divided by 1 (protocol section 3.2).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "matrix/matrix.hpp"

namespace headroom {

// First and second moments of the columns of some rows. Those of a union follow from those of its parts without
// cancellation, so the moments of every inner training part cost one pass over the rows.
struct ColumnMoments {
  Eigen::Index n_rows = 0;
  RowVector mean;     // columns; zero where there are no rows
  RowVector scatter;  // columns: sum over rows of (x - mean)²
};

// Moments of the named rows, in two passes. A value that is not finite makes its column's moments not finite.
ColumnMoments column_moments(const ConstMatrixRef& matrix, const RowIndex& rows);

// Moments of the union of disjoint parts (Chan, Golub and LeVeque 1983); `left_out` (a position in parts) stays out.
ColumnMoments merge_moments(std::span<const ColumnMoments> parts, std::optional<std::size_t> left_out = std::nullopt);

// What standardisation subtracts and divides by.
struct Standardisation {
  RowVector mean;       // columns
  RowVector scale;      // columns: population standard deviation; 1 where the column is constant
  bool varies = false;  // whether any column is not constant
};

// scikit-learn's rule: a column is constant if its variance is at most n·ε·variance + (n·mean·ε)², what rounding makes
// of n equal values.
Standardisation standardisation(const ColumnMoments& moments);

// Centring alone: every scale is 1.
Standardisation centring(const ColumnMoments& moments);

// The named rows, standardised (rows.size() × columns).
void standardise_rows(const ConstMatrixRef& matrix, std::span<const std::int32_t> rows,
                      const Standardisation& standardisation, MatrixRef out);

}  // namespace headroom
