#include "deg/benjamini_hochberg.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>
#include <span>

namespace headroom {
namespace {

TEST(AdjustedP, IsTheOracles) {
  const auto path = std::filesystem::path(HEADROOM_SHARED_DIR) / "golden" / "small" / "golden.json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no oracle data at " << path;
  std::ifstream stream(path);
  const auto bh = nlohmann::json::parse(stream)["edge_cases"]["bh"];
  const auto q = adjusted_p(bh["p"].get<std::vector<double>>());
  ASSERT_EQ(q.size(), bh["q"].size());
  for (std::size_t i = 0; i < q.size(); ++i) EXPECT_NEAR(q[i], bh["q"][i].get<double>(), 1e-12);
}

TEST(AdjustedP, HasItsLimits) {
  EXPECT_TRUE(adjusted_p({}).empty());
  EXPECT_THAT(adjusted_p(std::vector<double>{0.7}), ::testing::ElementsAre(0.7));
  EXPECT_THAT(adjusted_p(std::vector<double>{1, 0, 1}), ::testing::ElementsAre(1, 0, 1));
}

// From the definition: the smallest rate m p_(j) / j over all tests j that are not smaller.
double by_definition(const std::vector<double>& p, std::size_t i) {
  double least = 1;
  for (const double other : p) {
    if (other < p[i]) continue;
    const auto rank = std::count_if(p.begin(), p.end(), [&](double each) { return each <= other; });
    least = std::min(least, static_cast<double>(p.size()) * other / static_cast<double>(rank));
  }
  return least;
}

TEST(AdjustedP, IsTheDefinitionAlsoWithTies) {
  std::mt19937 random(3);
  for (const int n : {2, 5, 40}) {
    std::vector<double> p;
    for (int i = 0; i < n; ++i) p.push_back(static_cast<double>(random() % 20) / 200.0);
    const auto q = adjusted_p(p);
    for (std::size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(q[i], by_definition(p, i), 1e-15);
  }
}

TEST(NRejected, CountsWhatIsBelowTheRate) {
  std::mt19937 random(4);
  std::exponential_distribution<double> skewed(8);
  for (int repeat = 0; repeat < 50; ++repeat) {
    std::vector<double> p(60), below;
    for (double& each : p) each = std::min(1.0, skewed(random) * (random() % 2 == 0 ? 0.01 : 1));
    const auto q = adjusted_p(p);
    for (const double each : p) {
      if (each < 0.05) below.push_back(each);
    }
    std::sort(below.begin(), below.end());
    EXPECT_EQ(n_rejected(below, p.size(), 0.05),
              static_cast<std::size_t>(std::count_if(q.begin(), q.end(), [](double each) { return each < 0.05; })));
  }
  // Some are known to be rejected.
  const std::vector<double> four{0.001, 0.015, 0.02, 0.045};
  for (std::size_t n = 0; n <= 2; ++n) {
    EXPECT_EQ(n_rejected(std::span(four).subspan(n), 5, 0.05, n), 3u);
  }
  EXPECT_EQ(n_rejected({}, 2, 0.05, 1), 1u);
  // Strictly below.
  EXPECT_EQ(n_rejected(std::vector<double>{0.025}, 2, 0.05), 0u);
  EXPECT_EQ(n_rejected({}, 2, 0.05), 0u);
}

}  // namespace
}  // namespace headroom
