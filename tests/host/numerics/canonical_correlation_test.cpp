#include "numerics/canonical_correlation.hpp"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <cmath>
#include <random>

namespace headroom {
namespace canonical_correlation_test {

constexpr double kRounding = 1e-9;

Matrix noise(Eigen::Index rows, Eigen::Index cols, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal;
  Matrix values(rows, cols);
  for (Eigen::Index i = 0; i < values.size(); ++i) values.data()[i] = normal(random);
  return values;
}

// By the definition: the square roots of the eigenvalues of Saa⁻¹ Sab Sbb⁻¹ Sba.
double by_definition(const Matrix& a, const Matrix& b) {
  const Eigen::MatrixXd x = Eigen::MatrixXd(a).rowwise() - Eigen::RowVectorXd(a.colwise().mean());
  const Eigen::MatrixXd y = Eigen::MatrixXd(b).rowwise() - Eigen::RowVectorXd(b.colwise().mean());
  const Eigen::MatrixXd product =
      (x.transpose() * x).inverse() * (x.transpose() * y) * (y.transpose() * y).inverse() * (y.transpose() * x);
  Eigen::VectorXd squares = product.eigenvalues().real();
  std::sort(squares.begin(), squares.end(), std::greater<>());
  const auto n = std::min(a.cols(), b.cols());
  return squares.head(n).cwiseMax(0).cwiseSqrt().sum() / static_cast<double>(n);
}

TEST(CanonicalCorrelation, IsThatOfTheDefinition) {
  for (const auto& [p, q] : {std::pair{3, 3}, {2, 5}, {5, 2}, {1, 1}}) {
    Matrix a = noise(40, p, 1), b = noise(40, q, 2);
    b.col(0) += a.col(0);
    const auto value = mean_canonical_correlation(a, b);
    ASSERT_TRUE(value.has_value());
    EXPECT_NEAR(*value, by_definition(a, b), kRounding) << p << " " << q;
  }
}

TEST(CanonicalCorrelation, DoesNotMindAxesScalesAndMeans) {
  const Matrix a = noise(30, 4, 1);
  const Matrix turned = (a * noise(4, 4, 3)).rowwise() + RowVector::Constant(4, 1e3);
  EXPECT_NEAR(*mean_canonical_correlation(a, turned), 1, kRounding);
  EXPECT_LE(*mean_canonical_correlation(a, turned), 1);
  const Matrix b = noise(30, 3, 2);
  EXPECT_NEAR(*mean_canonical_correlation(turned, b), *mean_canonical_correlation(b, a), kRounding);
  // A direction that is none does not count.
  Matrix repeated(30, 5);
  repeated << a, a.col(0) + a.col(1);
  EXPECT_NEAR(*mean_canonical_correlation(repeated, b), *mean_canonical_correlation(a, b), kRounding);
}

TEST(CanonicalCorrelation, IsUndefinedWhereAnythingWouldAgree) {
  EXPECT_FALSE(mean_canonical_correlation(noise(7, 3, 1), noise(7, 3, 2)).has_value());
  EXPECT_TRUE(mean_canonical_correlation(noise(8, 3, 1), noise(8, 3, 2)).has_value());
  EXPECT_FALSE(mean_canonical_correlation(Matrix::Constant(20, 2, 0.5), noise(20, 2, 1)).has_value());
  EXPECT_FALSE(mean_canonical_correlation(Matrix(0, 2), Matrix(0, 2)).has_value());
  EXPECT_FALSE(mean_canonical_correlation(noise(20, 2, 1), Matrix(20, 0)).has_value());
}

}  // namespace canonical_correlation_test
}  // namespace headroom
