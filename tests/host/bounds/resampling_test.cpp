#include "bounds/resampling.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <span>

#include "host/protocol/reference_data.hpp"

namespace headroom {
namespace {

TEST(TestResamples, DrawEveryFoldsSizeWithReplacement) {
  const TestResamples resamples({12, 1, 7}, 5, 200);
  EXPECT_EQ(resamples.n_folds(), 3u);
  double n_zero = 0;
  for (Eigen::Index b = 0; b < 200; ++b) {
    for (std::size_t fold = 0; fold < 3; ++fold) {
      const auto counts = resamples.counts(fold, b);
      EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), 0), resamples.n_tests(fold));
    }
    for (const int count : resamples.counts(0, b)) n_zero += count == 0;
  }
  // Left out: (11/12)^12 = 0.352 of 2,400; the standard deviation of their share is below 0.01.
  EXPECT_NEAR(n_zero / 2400, std::pow(11.0 / 12, 12), 0.04);
}

// A fold that has a value as a whole brings its resampled values; the others' means stay what they are.
TEST(TestResamples, TakeWholeFoldsAsTheyAre) {
  const TestResamples resamples({8}, 3, 50);
  const FoldValues means = Vector(normal_matrix(8, 1, 1).col(0));
  FoldValues whole = Vector(Vector::Zero(8));
  whole.whole = WholeFold{0.5, normal_matrix(1, 60, 2).row(0)};  // of more resamples than are asked for
  const FoldValues* folds[] = {&whole, &means, &whole};
  const Matrix values = resamples.fold_values(0, folds);
  const double* only = means.of_tests.data();
  EXPECT_EQ(values.row(0), whole.whole->resampled.head(50));
  EXPECT_EQ(values.row(1), resamples.fold_means(0, std::span(&only, 1)).row(0));
  EXPECT_EQ(values.row(2), values.row(0));
  EXPECT_EQ(*whole.value(), 0.5);
  whole.whole->value = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(whole.value());
}

TEST(TestResamples, CountAllResamplesAsEach) {
  const TestResamples resamples({4, 9}, 6, 40);
  const Matrix all = resamples.all_counts(1);
  ASSERT_EQ(all.rows(), 9);
  for (Eigen::Index b = 0; b < 40; ++b) {
    const auto counts = resamples.counts(1, b);
    for (Eigen::Index i = 0; i < 9; ++i) EXPECT_EQ(all(i, b), counts[static_cast<std::size_t>(i)]);
  }
}

TEST(TestResamples, DrawEachPerturbationEquallyOften) {
  const Eigen::Index n = 10, n_resamples = 4000;
  const TestResamples resamples({n}, 6, n_resamples);
  std::vector<double> total(static_cast<std::size_t>(n));
  for (Eigen::Index b = 0; b < n_resamples; ++b) {
    const auto counts = resamples.counts(0, b);
    for (std::size_t i = 0; i < counts.size(); ++i) total[i] += counts[i];
  }
  // Binomial(40000, 0.1): standard deviation 60.
  for (const double count : total) EXPECT_NEAR(count, 4000, 5 * 60);
}

TEST(TestResamples, DependOnSeedFoldAndResampleAlone) {
  const TestResamples few({8, 5}, 7, 20), many({8, 5, 30}, 7, 500), other({8, 5}, 8, 20);
  bool differs = false, folds_differ = false;
  for (Eigen::Index b = 0; b < 20; ++b) {
    EXPECT_EQ(few.counts(0, b), many.counts(0, b));
    EXPECT_EQ(few.counts(1, b), many.counts(1, b));
    differs = differs || few.counts(0, b) != other.counts(0, b);
  }
  EXPECT_TRUE(differs);
  const TestResamples twins({8, 8}, 7, 20);
  for (Eigen::Index b = 0; b < 20; ++b) folds_differ = folds_differ || twins.counts(0, b) != twins.counts(1, b);
  EXPECT_TRUE(folds_differ);
}

TEST(TestResamples, MeansEqualTheirDefinition) {
  const Eigen::Index n = 23;
  for (const int n_resamples : {1, 16, 37}) {
    const TestResamples resamples({4, n}, 9, n_resamples);
    const Matrix values = normal_matrix(7, n, 1);  // methods × tests
    std::vector<const double*> rows;
    for (Eigen::Index m = 0; m < 7; ++m) rows.push_back(values.row(m).data());
    const Matrix means = resamples.fold_means(1, rows);
    ASSERT_EQ(means.rows(), 7);
    ASSERT_EQ(means.cols(), n_resamples);
    for (Eigen::Index b = 0; b < n_resamples; ++b) {
      const auto counts = resamples.counts(1, b);
      for (Eigen::Index m = 0; m < 7; ++m) {
        double sum = 0;
        for (Eigen::Index i = 0; i < n; ++i) sum += counts[static_cast<std::size_t>(i)] * values(m, i);
        EXPECT_NEAR(means(m, b), sum / static_cast<double>(n), 1e-14);
      }
    }
  }
}

TEST(TestResamples, MeansOfAMethodDoNotDependOnTheOthers) {
  const TestResamples resamples({33}, 10, 50);
  const Matrix values = normal_matrix(9, 33, 2);
  std::vector<const double*> rows;
  for (Eigen::Index m = 0; m < 9; ++m) rows.push_back(values.row(m).data());
  const Matrix together = resamples.fold_means(0, rows);
  for (std::size_t m = 0; m < 9; ++m) {
    EXPECT_EQ(resamples.fold_means(0, std::span(&rows[m], 1)).row(0), together.row(static_cast<Eigen::Index>(m)));
  }
}

TEST(PercentileInterval, IsTheMiddle95Percent) {
  std::vector<double> values(1001);
  std::iota(values.rbegin(), values.rend(), 0.0);
  const auto interval = percentile_interval(values);
  ASSERT_TRUE(interval);
  EXPECT_DOUBLE_EQ(interval->low, 25);
  EXPECT_DOUBLE_EQ(interval->high, 975);
}

TEST(PercentileInterval, IsAbsentWhereAnEndIsInfinite) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> few(1000, 1.0), many(1000, 1.0), none;
  std::fill_n(few.begin(), 20, kInfinity);
  std::fill_n(many.begin(), 30, kInfinity);
  EXPECT_TRUE(percentile_interval(few));
  EXPECT_FALSE(percentile_interval(many));
  EXPECT_FALSE(percentile_interval(none));
}

}  // namespace
}  // namespace headroom
