#include "numerics/symmetric_eigen.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "host/protocol/reference_data.hpp"

namespace headroom {
namespace symmetric_eigen_test {

// tridiag(-1, 2, -1) of size n has eigenvalues 2 - 2 cos(kπ/(n+1)) and eigenvectors sin(ikπ/(n+1)).
TEST(SymmetricEigen, KnowsTheSecondDifference) {
  const Eigen::Index n = 40, wanted = 6;
  Matrix a = Matrix::Constant(n, n, 99.0);  // above the diagonal: not read
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j <= i; ++j) a(i, j) = i == j ? 2 : i == j + 1 ? -1 : 0;
  }
  const auto top = top_eigenpairs(a, wanted);
  ASSERT_TRUE(top) << top.error().line();
  for (Eigen::Index pair = 0; pair < wanted; ++pair) {
    const double angle = static_cast<double>(n - pair) * std::numbers::pi / static_cast<double>(n + 1);
    EXPECT_NEAR(top->values[pair], 2 - 2 * std::cos(angle), 1e-13);
    Vector expected(n);
    for (Eigen::Index i = 0; i < n; ++i) expected[i] = std::sin(static_cast<double>(i + 1) * angle);
    EXPECT_NEAR(std::abs(top->vectors.row(pair).dot(expected.normalized())), 1, 1e-13);
  }
}

TEST(SymmetricEigen, TakesABlockOfALargerMatrix) {
  Matrix wide = Matrix::Constant(5, 9, 99.0);
  wide.block(1, 2, 3, 3) = Vector{{1.0, 3.0, 2.0}}.asDiagonal();
  const auto top = top_eigenpairs(wide.block(1, 2, 3, 3), 2);
  ASSERT_TRUE(top);
  EXPECT_NEAR(top->values[0], 3, 1e-15);
  EXPECT_NEAR(top->values[1], 2, 1e-15);
  EXPECT_EQ(top_eigenpairs(wide.block(1, 2, 3, 3), 0)->values.size(), 0);
}

TEST(SymmetricEigen, SingularVectorsRebuildTheMatrix) {
  for (const auto& [rows, cols] : {std::pair<int, int>{7, 4}, {4, 7}, {5, 5}, {1, 3}, {3, 1}}) {
    const Matrix a = normal_matrix(rows, cols, 1);
    const auto svd = right_singular_vectors(a);
    ASSERT_TRUE(svd);
    const Matrix& v = svd->vectors;
    EXPECT_LT((v * v.transpose() - Matrix::Identity(v.rows(), v.rows())).cwiseAbs().maxCoeff(), 1e-14);
    EXPECT_LT((a * v.transpose() * v - a).cwiseAbs().maxCoeff(), 1e-14 * rows * cols);
    EXPECT_LT(((a * v.transpose()).colwise().norm().transpose() - svd->values).cwiseAbs().maxCoeff(), 1e-13);
  }
  EXPECT_EQ(right_singular_vectors(Matrix(0, 3))->values.size(), 0);
}

}  // namespace symmetric_eigen_test
}  // namespace headroom
