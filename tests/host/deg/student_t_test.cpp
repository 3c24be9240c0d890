#include "deg/student_t.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace headroom {
namespace {

TEST(TwoSidedP, IsThatOfSciPy) {
  struct Case {
    double t, df, p;
  };
  // 2 · scipy.stats.t.sf(|t|, df), SciPy 1.10.1.
  for (const Case& each :
       {Case{0.0, 3.0, 1.0}, Case{0.5, 1.0, 0.7048327646991336}, Case{1.96, 30.7, 0.05912719178603396},
        Case{2.0, 2.2, 0.17178786900328558}, Case{-3.5, 61.25, 0.0008736768031798059},
        Case{8.0, 45.5, 3.1913207163947656e-10}, Case{12.0, 3.0, 0.001245015800789336},
        Case{40.0, 500.5, 5.31461538117508e-158}, Case{2.5, 10000000.0, 0.012419346536578451},
        Case{35.0, 4000.0, 2.3062027503882974e-234}, Case{1e-09, 5.0, 0.9999999992407866}}) {
    EXPECT_NEAR(two_sided_p(each.t, each.df), each.p, 1e-10 * each.p) << each.t << ", " << each.df;
    EXPECT_EQ(two_sided_p(each.t, each.df), two_sided_p(-each.t, each.df));
  }
}

TEST(TwoSidedP, HasItsLimits) {
  EXPECT_EQ(two_sided_p(0, 7.5), 1);
  EXPECT_EQ(two_sided_p(std::numeric_limits<double>::infinity(), 7.5), 0);
  EXPECT_GE(two_sided_p(1e6, 1e4), 0);
  EXPECT_LT(two_sided_p(1e6, 1e4), 1e-300);
}

// What the label call relies on, too: a p between those of its bounds.
TEST(NormalBounds, HoldThePOfT) {
  const auto normal_p = [](double square) { return std::erfc(std::sqrt(square / 2)); };
  for (double df = 0.6; df < 1e5; df *= 1.6) {
    for (double t = 0.05; t < 30; t *= 1.3) {
      const NormalBounds bounds = normal_bounds(t, df);
      const double p = two_sided_p(t, df);
      EXPECT_LE(normal_p(bounds.most), p * (1 + 1e-10)) << t << " " << df;
      EXPECT_GE(normal_p(bounds.least), p * (1 - 1e-10)) << t << " " << df;
      EXPECT_EQ(normal_bounds(-t, df).most, bounds.most);
      if (df > 100 && t < 4) EXPECT_LT(normal_p(bounds.least) / normal_p(bounds.most), 1.2);
    }
  }
  EXPECT_EQ(normal_bounds(HUGE_VAL, 1).least, HUGE_VAL);
}

TEST(SquaredNormalCutoff, IsExceededThatOften) {
  for (const double p : {1e-9, 0.001, 0.05, 0.5, 0.999}) {
    EXPECT_NEAR(std::erfc(std::sqrt(squared_normal_cutoff(p) / 2)), p, 1e-9 * p);
  }
  EXPECT_NEAR(squared_normal_cutoff(1), 0, 1e-12);
}

// And further: tails never lighter than the normal's.
TEST(TwoSidedP, IsAboveTheNormalTail) {
  for (double df = 1; df < 1e6; df *= 1.7) EXPECT_GT(two_sided_p(std::sqrt(3.84145), df), 0.05) << df;
}

}  // namespace
}  // namespace headroom
