#include "deg/label_call.hpp"

#include <gtest/gtest.h>

#include <random>

#include "deg/benjamini_hochberg.hpp"

namespace headroom {
namespace {

// The short cuts give the labels of the whole calculation, for few cells and for many.
TEST(LabelCall, IsTestRateAndSign) {
  std::mt19937 random(5);
  std::normal_distribution<double> noise;
  LabelCall call;  // used again and again
  constexpr std::size_t kGenes = 400;
  const RankCutoffs cutoffs(kGenes);
  int n_up = 0, n_down = 0, n_none = 0;
  for (int repeat = 0; repeat < 400; ++repeat) {
    const double n = 31 + repeat % 70, n_control = repeat % 4 == 0 ? 2 : 300;
    const double strength = 0.1 * (repeat % 7);
    call.start(n, n_control);
    std::vector<double> p, t;
    for (std::size_t g = 0; g < kGenes; ++g) {
      const double effect = g % 3 == 0 ? strength * noise(random) : 0;
      SampleMoments a{1 + effect + noise(random) / std::sqrt(n), (0.5 + 0.1 * std::abs(noise(random))) / n};
      SampleMoments b{1 + noise(random) / std::sqrt(n_control), 0.7 / n_control};
      if (g == 7) a.squared_error = b.squared_error = 0;
      if (g == 8) b = a = {1, 0};
      call.add(a, b);
      const WelchTest whole = welch_test(a, n, b, n_control);
      p.push_back(whole.p);
      t.push_back(whole.t);
    }
    std::vector<std::int8_t> labels(kGenes, 9);
    call.finish(cutoffs, labels.data());
    const auto q = adjusted_p(p);
    for (std::size_t g = 0; g < kGenes; ++g) {
      ASSERT_EQ(labels[g], q[g] < 0.05 ? (t[g] > 0 ? 1 : -1) : 0) << repeat << " " << g;
      n_up += labels[g] == 1;
      n_down += labels[g] == -1;
      n_none += labels[g] == 0 && p[g] < 0.05;
    }
  }
  EXPECT_GT(n_up, 500);
  EXPECT_GT(n_down, 500);
  EXPECT_GT(n_none, 500);
}

TEST(Majority, BreaksTiesBySignOfTheSum) {
  EXPECT_EQ(majority(0, 0, 1), 1);
  EXPECT_EQ(majority(1, 0, 0), -1);
  EXPECT_EQ(majority(0, 1, 0), 0);
  EXPECT_EQ(majority(1, 3, 2), 0);
  EXPECT_EQ(majority(3, 1, 2), -1);
  EXPECT_EQ(majority(0, 2, 2), 1);   // {0, +1}
  EXPECT_EQ(majority(2, 2, 1), -1);  // {0, −1}
  EXPECT_EQ(majority(2, 1, 2), 0);   // {−1, +1}
  EXPECT_EQ(majority(2, 2, 2), 0);
}

}  // namespace
}  // namespace headroom
