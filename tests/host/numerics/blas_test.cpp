#include "numerics/blas.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "host/protocol/reference_data.hpp"

namespace headroom {
namespace blas_test {

constexpr double kRounding = 1e-12;  // sums of up to 100 products of order 1

TEST(Blas, IsTheThreadsafeBuildAndKeptToOneThread) {
  const auto library = require_threadsafe_blas();
  ASSERT_TRUE(library) << library.error().line();
  EXPECT_NE(library->config.find("OpenBLAS"), std::string::npos) << library->config;
  EXPECT_FALSE(library->core.empty());
}

TEST(Blas, MultipliesBlocksOfLargerMatrices) {
  const Matrix wide = normal_matrix(30, 40, 1), other = normal_matrix(50, 60, 2);
  const auto a = wide.block(2, 3, 17, 21);
  Matrix out = normal_matrix(30, 60, 3);
  const Matrix before = out;
  const auto b = other.block(4, 5, 21, 13);
  gemm(Transpose::no, Transpose::no, 2.0, a, b, 3.0, out.block(1, 2, 17, 13));
  Matrix expected = before;
  expected.block(1, 2, 17, 13) = 2.0 * (a * b) + 3.0 * before.block(1, 2, 17, 13);
  EXPECT_LT((out - expected).cwiseAbs().maxCoeff(), kRounding);

  const auto c = other.block(4, 5, 13, 21);
  Matrix product(17, 13);
  gemm(Transpose::no, Transpose::yes, 1.0, a, c, 0.0, product);
  EXPECT_LT((product - a * c.transpose()).cwiseAbs().maxCoeff(), kRounding);
  Matrix left(21, 5);
  gemm(Transpose::yes, Transpose::no, 1.0, a, wide.block(2, 30, 17, 5), 0.0, left);
  EXPECT_LT((left - a.transpose() * wide.block(2, 30, 17, 5)).cwiseAbs().maxCoeff(), kRounding);
}

TEST(Blas, GramFillsTheLowerTriangleAlone) {
  const Matrix a = normal_matrix(23, 9, 4);
  Matrix columns = Matrix::Constant(9, 9, 7.0), rows = Matrix::Constant(23, 23, 7.0);
  gram_of_columns(0.5, a, 0.0, columns);
  gram_of_rows(1.0, a, 1.0, rows);
  const Matrix expected_columns = 0.5 * a.transpose() * a;
  const Matrix expected_rows = (a * a.transpose()).array() + 7.0;
  for (Eigen::Index i = 0; i < 23; ++i) {
    for (Eigen::Index j = 0; j < 23; ++j) {
      EXPECT_NEAR(rows(i, j), j <= i ? expected_rows(i, j) : 7.0, kRounding);
      if (i < 9 && j < 9) {
        EXPECT_NEAR(columns(i, j), j <= i ? expected_columns(i, j) : 7.0, kRounding);
      }
    }
  }
}

TEST(Blas, EmptyShapesAreNoWork) {
  Matrix none(0, 5), out(0, 3), left(3, 3);
  gemm(Transpose::no, Transpose::no, 1.0, none, Matrix(5, 3), 0.0, out);
  left.setOnes();
  gemm(Transpose::yes, Transpose::no, 1.0, Matrix(0, 3), Matrix(0, 3), 0.0, left);
  EXPECT_EQ(left, Matrix::Zero(3, 3));
}

// The serial OpenBLAS gives wrong products here; the chosen one must not.
TEST(Blas, ConcurrentCallersGetTheSameBits) {
  const Matrix a = normal_matrix(150, 150, 5);
  Matrix alone(150, 150);
  gemm(Transpose::no, Transpose::no, 1.0, a, a, 0.0, alone);
  std::vector<int> n_wrong(4, 0);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < n_wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      Matrix mine(150, 150);
      for (int i = 0; i < 50; ++i) {
        gemm(Transpose::no, Transpose::no, 1.0, a, a, 0.0, mine);
        n_wrong[t] += mine != alone;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(n_wrong, std::vector<int>(4, 0));
}

}  // namespace blas_test
}  // namespace headroom
