#include "numerics/standardise.hpp"

#include <cassert>
#include <cmath>
#include <limits>

namespace headroom {
namespace {

bool is_constant_column(const ColumnMoments& moments, Eigen::Index column) {
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  const auto n = static_cast<double>(moments.n_rows);
  const double variance = moments.scatter[column] / n;
  const double rounding_of_mean = n * moments.mean[column] * kEpsilon;
  return !(variance > n * kEpsilon * variance + rounding_of_mean * rounding_of_mean);
}

}  // namespace

ColumnMoments column_moments(const ConstMatrixRef& matrix, const RowIndex& rows) {
  ColumnMoments moments{static_cast<Eigen::Index>(rows.size()), RowVector::Zero(matrix.cols()),
                        RowVector::Zero(matrix.cols())};
  if (rows.empty()) return moments;
  for (const std::int32_t row : rows) moments.mean += matrix.row(row);
  moments.mean /= static_cast<double>(rows.size());

  // The residual sum corrects for the rounding of the mean.
  RowVector residual = RowVector::Zero(matrix.cols());
  for (const std::int32_t row : rows) {
    residual += matrix.row(row) - moments.mean;
    moments.scatter += (matrix.row(row) - moments.mean).cwiseAbs2();
  }
  moments.scatter = (moments.scatter - residual.cwiseAbs2() / static_cast<double>(rows.size())).cwiseMax(0.0);
  // cwiseMax drops a NaN: a column that holds one must not look constant.
  moments.scatter = residual.array().isFinite().select(moments.scatter, std::numeric_limits<double>::quiet_NaN());
  return moments;
}

ColumnMoments merge_moments(std::span<const ColumnMoments> parts, std::optional<std::size_t> left_out) {
  assert(!parts.empty());
  ColumnMoments merged{0, RowVector::Zero(parts[0].mean.size()), RowVector::Zero(parts[0].mean.size())};
  for (std::size_t p = 0; p < parts.size(); ++p) {
    if (p == left_out) continue;
    merged.n_rows += parts[p].n_rows;
    merged.mean += static_cast<double>(parts[p].n_rows) * parts[p].mean;
  }
  if (merged.n_rows == 0) return merged;
  merged.mean /= static_cast<double>(merged.n_rows);
  for (std::size_t p = 0; p < parts.size(); ++p) {
    if (p == left_out) continue;
    merged.scatter +=
        parts[p].scatter + static_cast<double>(parts[p].n_rows) * (parts[p].mean - merged.mean).cwiseAbs2();
  }
  return merged;
}

Standardisation standardisation(const ColumnMoments& moments) {
  Standardisation result = centring(moments);
  for (Eigen::Index j = 0; j < moments.mean.size(); ++j) {
    if (!is_constant_column(moments, j)) {
      result.scale[j] = std::sqrt(moments.scatter[j] / static_cast<double>(moments.n_rows));
    }
  }
  return result;
}

Standardisation centring(const ColumnMoments& moments) {
  Standardisation result{moments.mean, RowVector::Ones(moments.mean.size()), false};
  for (Eigen::Index j = 0; j < moments.mean.size() && !result.varies; ++j) {
    result.varies = !is_constant_column(moments, j);
  }
  return result;
}

void standardise_rows(const ConstMatrixRef& matrix, std::span<const std::int32_t> rows,
                      const Standardisation& standardisation, MatrixRef out) {
  assert(out.rows() == static_cast<Eigen::Index>(rows.size()) && out.cols() == matrix.cols());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    out.row(static_cast<Eigen::Index>(i)) =
        (matrix.row(rows[i]) - standardisation.mean).cwiseQuotient(standardisation.scale);
  }
}

}  // namespace headroom
