#include "deg/label_call.hpp"

#include <gtest/gtest.h>

#include <random>

#include "deg/benjamini_hochberg.hpp"

namespace headroom {
namespace {

// The short cut over genes that cannot be significant gives the labels of the whole calculation.
TEST(LabelCall, IsTestRateAndSign) {
  std::mt19937 random(5);
  std::normal_distribution<double> noise;
  LabelCall call;  // used again and again
  for (const double n : {31.0, 45.0, 2000.0}) {
    constexpr std::size_t kGenes = 400;
    call.start(n, 300);
    std::vector<double> p, t;
    for (std::size_t g = 0; g < kGenes; ++g) {
      const double effect = g % 3 == 0 ? 0.4 * noise(random) : 0;
      const SampleMoments a{1 + effect + noise(random) / std::sqrt(n), (0.5 + 0.1 * std::abs(noise(random))) / n};
      const SampleMoments b{1 + noise(random) / std::sqrt(300.0), 0.7 / 300};
      call.add(a, b);
      const WelchTest whole = welch_test(a, n, b, 300);
      p.push_back(whole.p);
      t.push_back(whole.t);
    }
    std::vector<std::int8_t> labels(kGenes, 9);
    call.finish(labels.data());
    const auto q = adjusted_p(p);
    int n_up = 0, n_down = 0;
    for (std::size_t g = 0; g < kGenes; ++g) {
      EXPECT_EQ(labels[g], q[g] < 0.05 ? (t[g] > 0 ? 1 : -1) : 0) << g;
      n_up += labels[g] == 1;
      n_down += labels[g] == -1;
    }
    EXPECT_GT(n_up, 5);
    EXPECT_GT(n_down, 5);
  }
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
