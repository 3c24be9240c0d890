#include "numerics/average_linkage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace headroom {
namespace average_linkage_test {

using ::testing::ElementsAre;

Matrix distances_of(const std::vector<double>& points) {
  const auto n = static_cast<Eigen::Index>(points.size());
  Matrix distances(n, n);
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j) {
      distances(i, j) = std::abs(points[static_cast<std::size_t>(i)] - points[static_cast<std::size_t>(j)]);
    }
  }
  return distances;
}

TEST(AverageLinkage, PutsSideBySideWhatIsAlike) {
  // 0 joins 2, 1 joins 4; 3 is nearer to the second pair (mean 3.5) than to the first (5.5 against 10 between them).
  EXPECT_THAT(order_of_average_linkage(distances_of({0, 10, 1, 6, 9})), ElementsAre(0u, 2u, 1u, 4u, 3u));
}

TEST(AverageLinkage, TakesTheMeanOverAllPairsOfMembers) {
  Matrix distances(5, 5);
  distances << 0, 4, 8, 9, 4,  //
      4, 0, 8, 4, 4,           //
      8, 8, 0, 6, 8,           //
      9, 4, 6, 0, 5,           //
      4, 4, 8, 5, 0;
  // The nearest members would give 0 1 3 4 2, the farthest 0 1 4 2 3.
  EXPECT_THAT(order_of_average_linkage(distances), ElementsAre(0u, 1u, 4u, 3u, 2u));
}

TEST(AverageLinkage, BreaksTiesByTheEarliestAndTakesAnyNumber) {
  EXPECT_THAT(order_of_average_linkage(Matrix::Zero(4, 4)), ElementsAre(0u, 1u, 2u, 3u));
  EXPECT_THAT(order_of_average_linkage(Matrix::Zero(1, 1)), ElementsAre(0u));
  EXPECT_THAT(order_of_average_linkage(Matrix(0, 0)), ElementsAre());
}

}  // namespace average_linkage_test
}  // namespace headroom
