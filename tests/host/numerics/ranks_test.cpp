#include "numerics/ranks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace headroom {
namespace ranks_test {

std::vector<float> ranks_of(const std::vector<double>& values) {
  RankBuffers buffers;
  std::vector<float> ranks(values.size(), -1e9f);
  centred_ranks(values.data(), values.size(), buffers, ranks.data());
  return ranks;
}

// Average rank by its definition: (number below + (number equal + 1) / 2).
std::vector<float> naive_ranks(const std::vector<double>& values) {
  std::vector<float> ranks;
  for (const double x : values) {
    double below = 0, equal = 0;
    for (const double y : values) {
      below += y < x;
      equal += y == x;
    }
    ranks.push_back(static_cast<float>(below + 0.5 * (equal + 1) - 0.5 * static_cast<double>(values.size() + 1)));
  }
  return ranks;
}

TEST(Ranks, EqualTheirDefinitionOnRandomValues) {
  std::mt19937 generator(1);
  std::normal_distribution<double> normal;
  for (const std::size_t n : {1u, 2u, 3u, 17u, 1000u, 6640u}) {
    std::vector<double> values(n);
    for (double& value : values) value = normal(generator);
    EXPECT_EQ(ranks_of(values), naive_ranks(values)) << n;
    for (double& value : values) value = std::round(4 * value) / 4;  // few distinct values
    EXPECT_EQ(ranks_of(values), naive_ranks(values)) << n << " with ties";
  }
}

// Values that agree in the leading bits by which they are first sorted.
TEST(Ranks, TellValuesThatDifferInTheLastBits) {
  std::vector<double> values;
  for (int i = 0; i < 500; ++i) values.push_back(1.0 + (i * 263 % 500) * std::numeric_limits<double>::epsilon());
  for (int i = 0; i < 500; ++i) values.push_back(-1.0 - (i * 263 % 500) * std::numeric_limits<double>::epsilon());
  EXPECT_EQ(ranks_of(values), naive_ranks(values));
}

TEST(Ranks, TreatZerosOfEitherSignAsEqual) {
  EXPECT_EQ(ranks_of({0.0, -0.0, 1.0, -1.0}), (std::vector<float>{0, 0, 1.5, -1.5}));
}

TEST(Ranks, OrderExtremes) {
  constexpr double kMax = std::numeric_limits<double>::max(), kTiny = std::numeric_limits<double>::denorm_min();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(ranks_of({kMax, -kTiny, kInfinity, 0.0, -kMax, kTiny, -kInfinity}),
            (std::vector<float>{2, -1, 3, 0, -2, 1, -3}));
}

TEST(Ranks, ConstantRowHasOnlyTheMeanRank) {
  EXPECT_EQ(ranks_of(std::vector<double>(9, 0.3)), std::vector<float>(9, 0.0f));
  EXPECT_TRUE(ranks_of({}).empty());
}

TEST(Ranks, ProductIsExact) {
  std::vector<float> a, b;
  double expected = 0;
  for (int i = 0; i < 10001; ++i) {
    a.push_back(static_cast<float>(i - 5000) + 0.5f);
    b.push_back(static_cast<float>(5000 - i));
    expected += (i - 4999.5) * (5000 - i);
  }
  EXPECT_EQ(rank_product(a.data(), b.data(), a.size()), expected);
  EXPECT_EQ(rank_product(a.data(), b.data(), 0), 0);
}

}  // namespace ranks_test
}  // namespace headroom
