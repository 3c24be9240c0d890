#include "numerics/quantile.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <random>

#include "host/protocol/reference_data.hpp"

namespace headroom {
namespace quantile_test {

std::vector<double> sorted(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values;
}

TEST(Quantile, EqualsNumPy) {
  const auto reference = read_json(HEADROOM_SOURCE_DIR "/tests/reference/protocol/bounds.json").at("quantiles");
  const auto values = sorted(reference.at("values").get<std::vector<double>>());
  for (std::size_t i = 0; i < reference.at("levels").size(); ++i) {
    EXPECT_DOUBLE_EQ(quantile_of_sorted(values, reference.at("levels")[i]), reference.at("expected")[i].get<double>());
  }
}

TEST(Quantile, EqualsTheOracle) {
  const std::filesystem::path golden = HEADROOM_SHARED_DIR "/golden/small/golden.json";
  if (!std::filesystem::exists(golden)) GTEST_SKIP() << "no oracle values at " << golden;
  const auto reference = read_json(golden).at("edge_cases").at("quantile_linear");
  const auto values = sorted(reference.at("x").get<std::vector<double>>());
  for (std::size_t i = 0; i < reference.at("q").size(); ++i) {
    EXPECT_NEAR(quantile_of_sorted(values, reference.at("q")[i]), reference.at("value")[i].get<double>(), 1e-11);
  }
}

TEST(Quantile, EndsAndSingleValues) {
  const std::vector<double> one = {3.0}, two = {1.0, 2.0};
  EXPECT_EQ(quantile_of_sorted(one, 0.9), 3.0);
  EXPECT_EQ(quantile_of_sorted(two, 0.0), 1.0);
  EXPECT_EQ(quantile_of_sorted(two, 1.0), 2.0);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::vector<double> endless = {-kInfinity, -kInfinity, 0.0, kInfinity, kInfinity};
  EXPECT_EQ(quantile_of_sorted(endless, 0.1), -kInfinity);
  EXPECT_EQ(quantile_of_sorted(endless, 0.9), kInfinity);
}

TEST(Quantile, InPlaceEqualsThatOfSortedValues) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::mt19937 random(1);
  for (const std::size_t n : {1, 2, 3, 40, 41, 1000}) {
    std::vector<double> values;
    for (std::size_t i = 0; i < n; ++i) values.push_back(static_cast<double>(random() % 100) / 7);
    if (n > 3) values[n / 2] = -kInfinity, values[n / 3] = kInfinity;
    for (const double q : {0.0, 0.025, 0.5, 0.9, 0.975, 1.0}) {
      std::vector<double> rearranged = values;
      EXPECT_EQ(quantile_in_place(rearranged, q), quantile_of_sorted(sorted(values), q)) << n << " " << q;
    }
    std::vector<double> rearranged = values;
    EXPECT_EQ(median_in_place(rearranged), median(values)) << n;
  }
}

TEST(Quantile, MedianOfOddAndEvenCounts) {
  EXPECT_EQ(median({5.0, 1.0, 3.0}), 3.0);
  EXPECT_EQ(median({5.0, 1.0, 3.0, 4.0}), 3.5);
  EXPECT_EQ(median({2.0}), 2.0);
}

}  // namespace quantile_test
}  // namespace headroom
