#include "numerics/correlation.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace headroom {
namespace correlation_test {

TEST(Correlation, IsWhatItIsByHand) {
  const std::vector<double> a{1, 2, 3, 6}, b{2, 1, 4, 5};
  // Deviations -2, -1, 0, 3 and -1, -2, 1, 2.
  EXPECT_DOUBLE_EQ(correlation(a, b), 10 / std::sqrt(14.0 * 10));
  EXPECT_DOUBLE_EQ(correlation(a, a), 1);
  EXPECT_DOUBLE_EQ(correlation(a, std::vector<double>{-1, -2, -3, -6}), -1);
}

TEST(Correlation, IsUndefinedWhereNothingVaries) {
  const std::vector<double> varied{1, 2}, constant{3, 3}, one{1}, none;
  EXPECT_TRUE(std::isnan(correlation(varied, constant)));
  EXPECT_TRUE(std::isnan(correlation(one, one)));
  EXPECT_TRUE(std::isnan(correlation(none, none)));
}

}  // namespace correlation_test
}  // namespace headroom
