#include "bounds/comparison.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "host/protocol/reference_data.hpp"

namespace headroom {
namespace {

const std::vector<Eigen::Index> kFolds = {30, 20};

std::vector<Vector> random_values(std::uint32_t seed, double shift) {
  std::vector<Vector> folds;
  for (std::size_t f = 0; f < kFolds.size(); ++f) {
    folds.push_back(normal_matrix(1, kFolds[f], seed + static_cast<std::uint32_t>(f)).row(0).transpose().array() +
                    shift);
  }
  return folds;
}

std::vector<FoldValues> folds_of(const std::vector<Vector>& values) { return {values.begin(), values.end()}; }

// The interval and p-value by their definition.
TEST(ComparePaired, EqualsTheBootstrapWrittenOut) {
  const TestResamples resamples(kFolds, 1, 400);
  const auto a = random_values(1, 0.3), b = random_values(11, 0.0);
  const auto comparison = compare_paired(folds_of(a), folds_of(b), true, resamples);
  ASSERT_TRUE(comparison);
  EXPECT_NEAR(comparison->mean_advantage, ((a[0] - b[0]).sum() + (a[1] - b[1]).sum()) / 50, 1e-14);
  std::vector<double> means;
  double n_not_above = 0;
  for (Eigen::Index r = 0; r < 400; ++r) {
    double sum = 0;
    for (std::size_t f = 0; f < 2; ++f) {
      const auto counts = resamples.counts(f, r);
      for (std::size_t i = 0; i < counts.size(); ++i) {
        sum += counts[i] * (a[f][static_cast<Eigen::Index>(i)] - b[f][static_cast<Eigen::Index>(i)]);
      }
    }
    means.push_back(sum / 50);
    n_not_above += sum <= 0;
  }
  const auto interval = percentile_interval(means);
  EXPECT_NEAR(comparison->ci.low, interval->low, 1e-13);
  EXPECT_NEAR(comparison->ci.high, interval->high, 1e-13);
  EXPECT_DOUBLE_EQ(comparison->p_value, std::min(1.0, 2 * (1 + std::min(n_not_above, 400 - n_not_above)) / 401));
}

TEST(ComparePaired, TurnsWithTheMetricAndWithTheOrder) {
  const TestResamples resamples(kFolds, 2);
  const auto a = random_values(3, 2.0), b = random_values(13, 0.0);
  const auto higher = compare_paired(folds_of(a), folds_of(b), true, resamples),
             lower = compare_paired(folds_of(a), folds_of(b), false, resamples);
  const auto swapped = compare_paired(folds_of(b), folds_of(a), true, resamples);
  ASSERT_TRUE(higher && lower && swapped);
  EXPECT_GT(higher->ci.low, 1);
  EXPECT_DOUBLE_EQ(higher->p_value, 2.0 / 1001);
  EXPECT_DOUBLE_EQ(lower->mean_advantage, -higher->mean_advantage);
  EXPECT_DOUBLE_EQ(swapped->ci.low, -higher->ci.high);
  EXPECT_DOUBLE_EQ(swapped->p_value, higher->p_value);
}

TEST(ComparePaired, EqualMethodsDoNotDiffer) {
  const TestResamples resamples(kFolds, 3);
  const auto a = random_values(5, 0.0);
  const auto comparison = compare_paired(folds_of(a), folds_of(a), true, resamples);
  ASSERT_TRUE(comparison);
  EXPECT_EQ(comparison->p_value, 1);
  EXPECT_EQ(comparison->mean_advantage, 0);
}

TEST(ComparePaired, NeedsFiniteValuesOfBoth) {
  const TestResamples resamples(kFolds, 4);
  auto a = random_values(6, 0.0);
  const auto b = random_values(7, 0.0);
  a[1][3] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(compare_paired(folds_of(a), folds_of(b), true, resamples));
  a[1] = Vector();
  EXPECT_FALSE(compare_paired(folds_of(a), folds_of(b), true, resamples));
}

// Whatever is compared beside it.
TEST(ComparePairs, GiveWhatEachPairGivesByItself) {
  const TestResamples resamples(kFolds, 5, 300);
  std::vector<std::vector<FoldValues>> methods;
  for (std::uint32_t m = 0; m < 5; ++m) methods.push_back(folds_of(random_values(20 + 2 * m, 0.1 * m)));
  methods[2][1].of_tests[4] = std::numeric_limits<double>::quiet_NaN();
  std::vector<PairOfMethods> pairs;
  for (std::size_t a = 0; a < methods.size(); ++a) {
    for (std::size_t b = a + 1; b < methods.size(); ++b) pairs.push_back({&methods[a], &methods[b]});
  }
  while (pairs.size() < 150) pairs.push_back(pairs[pairs.size() - 10]);  // more than are taken at once
  const auto all = compare_pairs(pairs, true, resamples);
  ASSERT_EQ(all.size(), pairs.size());
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    const auto one = compare_paired(*pairs[i].first, *pairs[i].second, true, resamples);
    const bool has_gap = pairs[i].first == &methods[2] || pairs[i].second == &methods[2];
    ASSERT_EQ(all[i].has_value(), !has_gap) << i;
    ASSERT_EQ(one.has_value(), !has_gap) << i;
    if (!one) continue;
    EXPECT_EQ(all[i]->mean_advantage, one->mean_advantage);
    EXPECT_EQ(all[i]->ci.low, one->ci.low);
    EXPECT_EQ(all[i]->ci.high, one->ci.high);
    EXPECT_EQ(all[i]->p_value, one->p_value);
  }
}

// Under the null the p-value falls below 0.05 in about one run of twenty.
TEST(ComparePaired, HoldsItsLevel) {
  const TestResamples resamples({60}, 5, 300);
  int n_below = 0;
  for (std::uint32_t run = 0; run < 400; ++run) {
    const std::vector<Vector> a = {normal_matrix(1, 60, 100 + run).row(0)}, b = {Vector::Zero(60)};
    n_below += compare_paired(folds_of(a), folds_of(b), true, resamples)->p_value < 0.05;
  }
  // Binomial(400, 0.05): mean 20, standard deviation 4.4; the percentile bootstrap at 60 values is a little liberal.
  EXPECT_GT(n_below, 5);
  EXPECT_LT(n_below, 42);
}

TEST(HolmAdjusted, EqualsItsDefinition) {
  const auto reference = read_json(HEADROOM_SOURCE_DIR "/tests/reference/protocol/bounds.json").at("holm");
  const auto p = reference.at("p").get<std::vector<double>>();
  const auto adjusted = holm_adjusted(p);
  for (std::size_t i = 0; i < p.size(); ++i) EXPECT_DOUBLE_EQ(adjusted[i], reference.at("expected")[i].get<double>());
  EXPECT_TRUE(holm_adjusted({}).empty());
  EXPECT_EQ(holm_adjusted(std::vector<double>{0.9, 0.8}), (std::vector<double>{1, 1}));
}

}  // namespace
}  // namespace headroom
