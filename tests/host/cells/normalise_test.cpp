#include "cells/normalise.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace headroom {
namespace normalise_test {

TEST(CountNormaliser, IsLog1pOfTheScaledCount) {
  CountNormaliser normaliser;
  for (const double total : {1.0, 3.0, 10'000.0, 123'456.0}) {
    normaliser.start_cell(total);
    for (const double count : {1.0, 2.0, 255.0, 256.0, 70'000.0, 2.0, 1.0}) {
      EXPECT_DOUBLE_EQ(normaliser(count), std::log1p(count * 10'000 / total)) << count << " of " << total;
    }
  }
}

TEST(CountNormaliser, ForgetsTheCellBefore) {
  CountNormaliser normaliser;
  normaliser.start_cell(10);
  const double before = normaliser(1);
  normaliser.start_cell(20);
  EXPECT_LT(normaliser(1), before);
}

}  // namespace normalise_test
}  // namespace headroom
