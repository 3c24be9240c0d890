#include "numerics/block_lanczos.hpp"

#include <gtest/gtest.h>

#include <Eigen/QR>
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "host/protocol/reference_data.hpp"
#include "numerics/thin_block.hpp"

namespace headroom {
namespace block_lanczos_test {

// A symmetric matrix with these eigenvalues and random eigenvectors.
Matrix with_eigenvalues(const Vector& values, int seed) {
  const Eigen::Index n = values.size();
  const Matrix q = Eigen::HouseholderQR<Matrix>(normal_matrix(n, n, seed)).householderQ();
  const Matrix a = q * values.asDiagonal() * q.transpose();
  return 0.5 * (a + a.transpose());
}

Vector spectrum(Eigen::Index n, const std::function<double(double)>& value) {
  Vector values(n);
  for (Eigen::Index i = 0; i < n; ++i) values[i] = value(static_cast<double>(i));
  return values;
}

double largest_residual(const Matrix& a, const Eigenpairs& pairs) {
  const Matrix rest = pairs.vectors * a - pairs.values.asDiagonal() * pairs.vectors;
  return rest.rowwise().norm().maxCoeff() / pairs.values[0];
}

double largest_skew(const Eigenpairs& pairs) {
  const Eigen::Index n = pairs.vectors.rows();
  return (pairs.vectors * pairs.vectors.transpose() - Matrix::Identity(n, n)).cwiseAbs().maxCoeff();
}

struct Spectrum {
  const char* name;
  Vector values;
};

TEST(BlockLanczos, IsAsExactAsLapack) {
  constexpr Eigen::Index kSize = 640, kPairs = 40;
  const Spectrum spectra[] = {
      {"decay", spectrum(kSize, [](double i) { return 1 / (1 + i); })},
      {"fast decay", spectrum(kSize, [](double i) { return std::exp(-0.1 * i); })},
      {"signal over noise", spectrum(kSize, [](double i) { return i < 15 ? 1000 - 50 * i : 30 / (1 + i / 20); })},
      {"close pairs", spectrum(kSize, [](double i) { return i < 60 ? 20 - std::floor(i / 2) / 4 + 1e-9 * i : 1 / i; })},
      {"tiny numbers", 1e-100 * spectrum(kSize, [](double i) { return 1 / (1 + i); })},
  };
  for (const Spectrum& tested : spectra) {
    const Matrix a = with_eigenvalues(tested.values, 1);
    const auto pairs = block_lanczos(a, kPairs);
    ASSERT_TRUE(pairs) << tested.name;
    Matrix destroyed = a;
    const auto lapack = top_eigenpairs_by_lapack(destroyed, kPairs);
    ASSERT_TRUE(lapack);
    EXPECT_LT((pairs->values - lapack->values).cwiseAbs().maxCoeff(), 1e-13 * lapack->values[0]) << tested.name;
    EXPECT_LT(largest_residual(a, *pairs), 1e-14) << tested.name;
    EXPECT_LT(largest_skew(*pairs), 1e-13) << tested.name;
  }
}

// A Krylov space of eight vectors holds eight of equal eigenvalues, and further ones by rounding only.
TEST(BlockLanczos, LeavesNoneOfManyEqualEigenvaluesOut) {
  constexpr Eigen::Index kSize = 520, kPairs = 20;
  const Vector values = spectrum(kSize, [](double i) { return i < 30 ? 2 : 15 / (1 + i); });
  Matrix a = with_eigenvalues(values, 2);
  const auto top = top_eigenpairs(a, kPairs);
  ASSERT_TRUE(top);
  EXPECT_LT((top->values - values.head(kPairs)).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(BlockLanczos, ProvesThatNoPairIsMissing) {
  constexpr Eigen::Index kSize = 200, kPairs = 10;
  const Matrix a = with_eigenvalues(spectrum(kSize, [](double i) { return 5 - i / 50; }), 6);
  Matrix destroyed = a;
  auto more = top_eigenpairs_by_lapack(destroyed, kPairs + 1);
  ASSERT_TRUE(more);
  EXPECT_TRUE(are_leading(a, *more));
  for (const Eigen::Index missing : {Eigen::Index{0}, Eigen::Index{4}, kPairs - 1}) {
    Eigenpairs without{Vector(kPairs), Matrix(kPairs, kSize)};
    for (Eigen::Index pair = 0, to = 0; pair <= kPairs; ++pair) {
      if (pair == missing) continue;
      without.values[to] = more->values[pair];
      without.vectors.row(to++) = more->vectors.row(pair);
    }
    EXPECT_FALSE(are_leading(a, without)) << missing;
  }
}

TEST(BlockLanczos, LeavesWhatIsNotForItToLapack) {
  constexpr Eigen::Index kSize = 600, kPairs = 30;
  EXPECT_FALSE(block_lanczos(Matrix::Zero(kSize, kSize), kPairs));
  EXPECT_FALSE(block_lanczos(Matrix::Identity(kSize, kSize), kPairs));
  EXPECT_FALSE(block_lanczos(with_eigenvalues(spectrum(kSize, [](double i) { return i < 5 ? 1 : 0; }), 3), kPairs));
  EXPECT_FALSE(block_lanczos(with_eigenvalues(spectrum(kSize, [](double i) { return 1 - 1e-4 * i; }), 4), kPairs));
  EXPECT_FALSE(block_lanczos(Matrix::Constant(kSize, kSize, std::numeric_limits<double>::quiet_NaN()), kPairs));
  EXPECT_FALSE(block_lanczos(Matrix::Constant(kSize, kSize, 1e300), kPairs));
  EXPECT_FALSE(block_lanczos(Matrix::Identity(kSize, kSize), 0));
  EXPECT_FALSE(block_lanczos(Matrix::Identity(40, 40), 30)) << "hardly larger than what is wanted";
}

TEST(BlockLanczos, TakesABlockOfALargerMatrix) {
  const Matrix a = with_eigenvalues(spectrum(520, [](double i) { return 1 / (1 + i); }), 5);
  Matrix wide = Matrix::Constant(530, 550, 99.0);
  wide.block(3, 7, 520, 520) = a;
  const auto alone = block_lanczos(a, 20), within = block_lanczos(wide.block(3, 7, 520, 520), 20);
  ASSERT_TRUE(alone && within);
  EXPECT_EQ(alone->values, within->values);
  EXPECT_EQ(alone->vectors, within->vectors);
}

TEST(ThinBlock, EqualsThePlainProducts) {
  constexpr auto kWidth = static_cast<Eigen::Index>(kBlock);
  for (const Eigen::Index n : {1, 5, 6, 7, 64, 100}) {
    const auto size = static_cast<std::size_t>(n);
    const Matrix a = normal_matrix(n, n + 3, 6), b = normal_matrix(n, kWidth, 7), c = normal_matrix(n, kWidth, 8);
    const Matrix factor = normal_matrix(kWidth, kWidth, 9);
    Matrix product(n, kWidth), small(kWidth, kWidth), changed = c, multiplied = c;
    multiply_block(a.data(), static_cast<std::size_t>(a.outerStride()), size, b.data(), product.data());
    EXPECT_LT((product - a.leftCols(n) * b).cwiseAbs().maxCoeff(), 1e-12) << n;
    block_products(b.data(), c.data(), size, small.data());
    EXPECT_LT((small - b.transpose() * c).cwiseAbs().maxCoeff(), 1e-12) << n;
    subtract_product(b.data(), factor.data(), size, changed.data());
    EXPECT_LT((changed - (c - b * factor)).cwiseAbs().maxCoeff(), 1e-12) << n;
    multiply_by_factor(factor.data(), size, multiplied.data());
    EXPECT_LT((multiplied - c * factor).cwiseAbs().maxCoeff(), 1e-12) << n;
  }
}

}  // namespace block_lanczos_test
}  // namespace headroom
