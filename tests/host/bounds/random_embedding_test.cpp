#include "bounds/random_embedding.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace headroom {
namespace {

TEST(RandomEmbedding, IsStandardNormal) {
  const Matrix values = random_embedding(400, 101, 1);
  std::vector<double> sorted(values.data(), values.data() + values.size());
  std::sort(sorted.begin(), sorted.end());
  const auto n = static_cast<double>(sorted.size());
  // Kolmogorov–Smirnov: P(√n D > 1.95) = 0.001.
  double largest = 0;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const double expected = 0.5 * std::erfc(-sorted[i] / std::numbers::sqrt2);
    largest = std::max({largest, std::abs(expected - static_cast<double>(i) / n),
                        std::abs(expected - static_cast<double>(i + 1) / n)});
  }
  EXPECT_LT(std::sqrt(n) * largest, 1.95);
}

TEST(RandomEmbedding, RowsAndColumnsAreUncorrelated) {
  const Matrix values = random_embedding(2000, 9, 2);
  const Matrix covariance = values.transpose() * values / 2000;
  // Five standard errors of a covariance (1/√2000) and of a variance (√(2/2000)).
  for (Eigen::Index i = 0; i < 9; ++i) {
    for (Eigen::Index j = 0; j < 9; ++j) {
      EXPECT_NEAR(covariance(i, j), i == j, 5 * std::sqrt((i == j ? 2 : 1) / 2000.0)) << i << ", " << j;
    }
  }
}

TEST(RandomEmbedding, EntryDependsOnSeedRowAndColumnAlone) {
  const Matrix large = random_embedding(20, 13, 3);
  EXPECT_EQ(random_embedding(7, 6, 3), large.topLeftCorner(7, 6));
  EXPECT_EQ(random_embedding(20, 13, 3), large);
  EXPECT_EQ((random_embedding(20, 13, 4).array() == large.array()).count(), 0);
  EXPECT_EQ(random_embedding(0, 5, 3).rows(), 0);
  EXPECT_EQ(random_embedding(5, 0, 3).cols(), 0);
}

}  // namespace
}  // namespace headroom
