// The host's matrix types: double, row-major, so that a row is one perturbation's contiguous profile.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

namespace headroom {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Vector = Eigen::VectorXd;
using RowVector = Eigen::RowVectorXd;

// Read-only and writable views with a row stride: function parameters and maps of shared memory. A Matrix, a block of
// rows or columns of one, and an Eigen::Map bind to them without a copy.
using ConstMatrixRef = Eigen::Ref<const Matrix, 0, Eigen::OuterStride<>>;
using MatrixRef = Eigen::Ref<Matrix, 0, Eigen::OuterStride<>>;
using ConstMatrixMap = Eigen::Map<const Matrix, 0, Eigen::OuterStride<>>;
using MatrixMap = Eigen::Map<Matrix, 0, Eigen::OuterStride<>>;

// Row numbers into a matrix, ascending unless said otherwise.
using RowIndex = std::vector<std::int32_t>;

// The named rows of `source`, in the order named (rows.size() × source.cols()).
inline Matrix gather_rows(const ConstMatrixRef& source, const RowIndex& rows) {
  Matrix out(static_cast<Eigen::Index>(rows.size()), source.cols());
  for (std::size_t i = 0; i < rows.size(); ++i) out.row(static_cast<Eigen::Index>(i)) = source.row(rows[i]);
  return out;
}

}  // namespace headroom
