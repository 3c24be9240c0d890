#include "bounds/gap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>

#include "bounds/comparison.hpp"
#include "host/protocol/reference_data.hpp"
#include "numerics/quantile.hpp"

namespace headroom {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// A method whose test perturbations all have the fold's value.
GapMethod constant(std::string name, Competes competes, const std::vector<double>& folds, Eigen::Index n_tests = 4) {
  GapMethod method{std::move(name), competes, {}};
  for (const double value : folds) method.fold_values.emplace_back(Vector(Vector::Constant(n_tests, value)));
  return method;
}

GapMethod noisy(std::string name, Competes competes, double level, double spread, std::uint32_t seed) {
  GapMethod method{std::move(name), competes, {}};
  for (std::uint32_t fold = 0; fold < 5; ++fold) {
    method.fold_values.emplace_back(Vector((spread * normal_matrix(30, 1, 100 * seed + fold).col(0)).array() + level));
  }
  return method;
}

const std::vector<Eigen::Index> kFourEach = {4, 4, 4}, kThirtyEach = {30, 30, 30, 30, 30};

TEST(CloseGap, TakesMediansOverFoldsThenOneRatio) {
  const TestResamples resamples(kFourEach, 1, 100);
  const std::vector<GapMethod> methods = {
      constant("null a", Competes::for_wap, {10, 12, 20}),  // median 12
      constant("null b", Competes::for_wap, {11, 11, 11}),  // median 11: the better null
      constant("cheat a", Competes::for_bap, {1, 2, 3}),    // median 2
      constant("cheat b", Competes::for_bap, {6, 1, 5}),    // median 5: the tighter cheater
      constant("plugin", Competes::for_nothing, {8, 9, 1}), constant("reference", Competes::for_nothing, {0, 0, 0}),
  };
  const GapReport report = close_gap(methods, false, resamples);
  ASSERT_TRUE(report.wap && report.bap && report.gap);
  EXPECT_EQ(report.wap->method, 1u);
  EXPECT_EQ(report.wap->value, 11);
  EXPECT_EQ(report.bap->method, 3u);
  EXPECT_EQ(report.bap->value, 5);
  EXPECT_EQ(report.gap->value, 6);
  EXPECT_TRUE(report.gap->defined);
  EXPECT_DOUBLE_EQ(*report.methods[4].gap_closed, 50);  // (11 - 8) / 6
  EXPECT_EQ(*report.methods[4].value, 8);
  // Constant folds leave the bootstrap nothing to vary.
  EXPECT_DOUBLE_EQ(report.methods[4].ci->low, 50);
  EXPECT_DOUBLE_EQ(report.methods[4].ci->high, 50);
  EXPECT_EQ(report.methods[4].verdict, Verdict::progress);
  EXPECT_EQ(report.methods[1].verdict, Verdict::within_noise_of_null);
  EXPECT_EQ(report.methods[3].verdict, Verdict::at_the_limit);
  EXPECT_EQ(report.methods[5].verdict, Verdict::beyond_the_limit);
  EXPECT_EQ(report.methods[0].verdict, Verdict::below_null);
  // Fold 0 chooses for itself: WAP null a (10), BAP cheat b (6).
  EXPECT_EQ(report.folds[0].wap, 0u);
  EXPECT_EQ(report.folds[0].bap, 3u);
  EXPECT_DOUBLE_EQ(*report.methods[4].fold_gap_closed[0], 50);
  EXPECT_EQ(*report.methods[4].fold_values[2], 1);
}

// A cheater that keeps nothing is its null up to rounding: no room is left between them, in a fold or in the context.
TEST(CloseGap, HasNoGapWhereTheBoundsAreOneValueUpToRounding) {
  const TestResamples resamples(kFourEach, 1, 100);
  const double rounded = 10 * (1 - 1e-14);
  const std::vector<GapMethod> of_a_fold = {constant("null", Competes::for_wap, {10, 10, 10}),
                                            constant("cheat", Competes::for_bap, {rounded, 5, 5}),
                                            constant("plugin", Competes::for_nothing, {9, 9, 9})};
  const GapReport report = close_gap(of_a_fold, false, resamples);
  ASSERT_TRUE(report.folds[0].gap);
  EXPECT_EQ(*report.folds[0].gap, 0);
  EXPECT_FALSE(report.methods[2].fold_gap_closed[0]);
  EXPECT_DOUBLE_EQ(*report.methods[2].fold_gap_closed[1], 20);
  EXPECT_TRUE(report.gap->defined);

  const std::vector<GapMethod> of_all_folds = {constant("null", Competes::for_wap, {10, 10, 10}),
                                               constant("cheat", Competes::for_bap, {rounded, rounded, rounded}),
                                               constant("plugin", Competes::for_nothing, {9, 9, 9})};
  const GapReport none = close_gap(of_all_folds, false, resamples);
  ASSERT_TRUE(none.gap);
  EXPECT_EQ(none.gap->value, 0);
  EXPECT_FALSE(none.gap->defined);
  EXPECT_FALSE(none.methods[2].gap_closed);
  EXPECT_EQ(none.methods[2].verdict, Verdict::undefined);
}

// Folds whose values are no means: what close_gap() finds is what it finds where they happen to be means.
TEST(CloseGap, TakesFoldsAsAWholeLikeMeans) {
  const TestResamples resamples(kThirtyEach, 2);
  const std::vector<GapMethod> means = {noisy("n", Competes::for_wap, 10, 1, 1), noisy("c", Competes::for_bap, 5, 1, 3),
                                        noisy("x", Competes::for_nothing, 8, 1, 4)};
  std::vector<GapMethod> wholes = means;
  for (GapMethod& method : wholes) {
    for (std::size_t fold = 0; fold < method.fold_values.size(); ++fold) {
      FoldValues& values = method.fold_values[fold];
      const double* of_tests = values.of_tests.data();
      values.whole = WholeFold{values.of_tests.mean(), resamples.fold_means(fold, std::span(&of_tests, 1)).row(0)};
      values.of_tests.setConstant(std::numeric_limits<double>::quiet_NaN());
    }
  }
  const GapReport expected = close_gap(means, false, resamples), found = close_gap(wholes, false, resamples);
  ASSERT_TRUE(found.gap && found.gap->defined);
  EXPECT_EQ(found.gap->value, expected.gap->value);
  for (std::size_t m = 0; m < means.size(); ++m) {
    EXPECT_EQ(found.methods[m].fold_values, expected.methods[m].fold_values);
    EXPECT_EQ(found.methods[m].gap_closed, expected.methods[m].gap_closed);
    EXPECT_EQ(found.methods[m].ci->low, expected.methods[m].ci->low);
    EXPECT_EQ(found.methods[m].ci->high, expected.methods[m].ci->high);
    EXPECT_EQ(found.methods[m].verdict, expected.methods[m].verdict);
  }
  const auto pair = compare_paired(wholes[0].fold_values, wholes[2].fold_values, false, resamples);
  const auto of_means = compare_paired(means[0].fold_values, means[2].fold_values, false, resamples);
  ASSERT_TRUE(pair && of_means);
  EXPECT_NEAR(pair->mean_advantage, of_means->mean_advantage, 1e-12);
  EXPECT_NEAR(pair->ci.low, of_means->ci.low, 1e-12);
  EXPECT_EQ(pair->p_value, of_means->p_value);
}

TEST(CloseGap, IsTheSameForAMetricTurnedRound) {
  const TestResamples resamples(kThirtyEach, 2);
  std::vector<GapMethod> methods = {noisy("n", Competes::for_wap, 10, 1, 1), noisy("m", Competes::for_wap, 10.1, 1, 2),
                                    noisy("c", Competes::for_bap, 5, 1, 3), noisy("x", Competes::for_nothing, 8, 1, 4)};
  const GapReport lower = close_gap(methods, false, resamples);
  for (GapMethod& method : methods) {
    for (FoldValues& values : method.fold_values) values.of_tests = -values.of_tests;
  }
  const GapReport higher = close_gap(methods, true, resamples);
  for (std::size_t m = 0; m < methods.size(); ++m) {
    EXPECT_DOUBLE_EQ(*lower.methods[m].gap_closed, *higher.methods[m].gap_closed);
    EXPECT_DOUBLE_EQ(lower.methods[m].ci->low, higher.methods[m].ci->low);
    EXPECT_DOUBLE_EQ(lower.methods[m].ci->high, higher.methods[m].ci->high);
    EXPECT_EQ(lower.methods[m].verdict, higher.methods[m].verdict);
    EXPECT_EQ(lower.methods[m].fold_gap_closed, higher.methods[m].fold_gap_closed);
  }
  EXPECT_DOUBLE_EQ(lower.wap->ci->low, -higher.wap->ci->high);
  EXPECT_DOUBLE_EQ(lower.gap->ci->low, higher.gap->ci->low);
}

// The whole of section 7 written out for a metric whose lower values are better: resample, means, medians, WAP and BAP
// anew, ratio. Methods 0 and 1 are nulls, 2 and 3 cheaters, 4 is what is judged.
struct WrittenOut {
  std::vector<double> waps, baps, gaps, closed;

  WrittenOut(const std::vector<GapMethod>& methods, const TestResamples& resamples) {
    for (Eigen::Index b = 0; b < resamples.n_resamples(); ++b) {
      std::vector<double> medians;
      for (const GapMethod& method : methods) {
        std::vector<double> means;
        for (std::size_t fold = 0; fold < resamples.n_folds(); ++fold) {
          const auto counts = resamples.counts(fold, b);
          double sum = 0;
          for (std::size_t i = 0; i < counts.size(); ++i) {
            sum += counts[i] * method.fold_values[fold].of_tests[static_cast<Eigen::Index>(i)];
          }
          means.push_back(sum / static_cast<double>(counts.size()));
        }
        medians.push_back(median(means));
      }
      waps.push_back(std::min(medians[0], medians[1]));
      baps.push_back(std::max(medians[2], medians[3]));
      gaps.push_back(waps.back() - baps.back());
      const double numerator = waps.back() - medians[4];
      closed.push_back(gaps.back() > 0 ? 100 * numerator / gaps.back() : std::copysign(HUGE_VAL, numerator));
    }
  }
};

void expect_interval(const std::optional<Interval>& actual, std::vector<double> values) {
  const auto expected = percentile_interval(values);
  ASSERT_TRUE(actual && expected);
  EXPECT_NEAR(actual->low, expected->low, 1e-11 * std::abs(expected->low));
  EXPECT_NEAR(actual->high, expected->high, 1e-11 * std::abs(expected->high));
  EXPECT_LT(actual->low, actual->high);
}

TEST(CloseGap, IntervalsEqualTheBootstrapWrittenOut) {
  const TestResamples resamples(kThirtyEach, 3, 300);
  const std::vector<GapMethod> methods = {
      noisy("n", Competes::for_wap, 10, 2, 1), noisy("m", Competes::for_wap, 10.1, 2, 2),
      noisy("c", Competes::for_bap, 5, 1, 3), noisy("d", Competes::for_bap, 4.9, 1, 4),
      noisy("x", Competes::for_nothing, 8, 1, 5)};
  const GapReport report = close_gap(methods, false, resamples);
  const WrittenOut expected(methods, resamples);
  expect_interval(report.methods[4].ci, expected.closed);
  expect_interval(report.wap->ci, expected.waps);
  expect_interval(report.bap->ci, expected.baps);
  expect_interval(report.gap->ci, expected.gaps);
}

// A few resamples without a gap have no ratio: they count as beyond every number.
TEST(CloseGap, ResamplesWithoutAGapWidenTheInterval) {
  const TestResamples resamples(kThirtyEach, 4);
  for (double level = 9; level < 10; level += 0.02) {
    const std::vector<GapMethod> methods = {
        noisy("n", Competes::for_wap, 10, 1, 1), noisy("m", Competes::for_wap, 10, 1, 2),
        noisy("c", Competes::for_bap, level, 1, 3), noisy("d", Competes::for_bap, level, 1, 4),
        noisy("x", Competes::for_nothing, 9.5, 1, 5)};
    const WrittenOut expected(methods, resamples);
    const auto n_without =
        std::count_if(expected.gaps.begin(), expected.gaps.end(), [](double gap) { return gap <= 0; });
    if (n_without < 10) continue;
    ASSERT_LT(n_without, 25) << "the levels are too far apart to find the case";
    const GapReport report = close_gap(methods, false, resamples);
    EXPECT_TRUE(report.gap->defined);
    expect_interval(report.methods[4].ci, expected.closed);
    return;
  }
  FAIL() << "no level leaves a few resamples without a gap";
}

TEST(CloseGap, MethodDoesNotMoveTheOthers) {
  const TestResamples resamples(kThirtyEach, 4);
  std::vector<GapMethod> methods = {noisy("n", Competes::for_wap, 10, 1, 1), noisy("c", Competes::for_bap, 5, 1, 2),
                                    noisy("x", Competes::for_nothing, 8, 1, 3)};
  const GapReport without = close_gap(methods, false, resamples);
  methods.insert(methods.begin(), noisy("y", Competes::for_nothing, -100, 50, 4));
  methods.push_back(constant("broken", Competes::for_nothing, {kNaN, 1, 2, 3, 4}, 30));
  const GapReport with = close_gap(methods, false, resamples);
  for (std::size_t m = 0; m < 3; ++m) {
    EXPECT_EQ(with.methods[m + 1].gap_closed, without.methods[m].gap_closed);
    EXPECT_EQ(with.methods[m + 1].ci->low, without.methods[m].ci->low);
    EXPECT_EQ(with.methods[m + 1].ci->high, without.methods[m].ci->high);
  }
}

TEST(CloseGap, MethodWithoutAFiniteValueDoesNotEnter) {
  const TestResamples resamples(kFourEach, 5, 50);
  std::vector<GapMethod> methods = {
      constant("mean", Competes::for_wap, {0.4, 0.4, 0.4}),
      constant("undefined null", Competes::for_wap, {0.9, kNaN, 0.9}),
      constant("cheat", Competes::for_bap, {0.8, 0.8, 0.8}),
      constant("failed", Competes::for_nothing, {0.6, 0.6, 0.6}),
  };
  methods[1].fold_values[1] = FoldValues(Vector{{0.9, 0.9, kNaN, 0.9}});
  methods[3].fold_values[2] = FoldValues();
  const GapReport report = close_gap(methods, true, resamples);
  ASSERT_TRUE(report.wap && report.gap);
  EXPECT_EQ(report.wap->method, 0u);
  EXPECT_FALSE(report.methods[1].value);
  EXPECT_FALSE(report.methods[3].value);
  EXPECT_FALSE(report.methods[3].gap_closed || report.methods[3].ci);
  EXPECT_EQ(report.methods[3].verdict, Verdict::undefined);
  // In the folds that it has, it stands: between mean and cheat where the null is undefined, with no gap where it is
  // not.
  EXPECT_EQ(report.folds[1].wap, 0u);
  EXPECT_DOUBLE_EQ(*report.methods[3].fold_gap_closed[1], 50);
  EXPECT_EQ(report.folds[0].wap, 1u);
  EXPECT_FALSE(report.methods[3].fold_gap_closed[0]);
  EXPECT_FALSE(report.methods[3].fold_values[2]);
}

TEST(CloseGap, UndefinedWhereTheCheaterIsNotBetter) {
  const TestResamples resamples(kFourEach, 6, 50);
  const std::vector<GapMethod> methods = {constant("null", Competes::for_wap, {5, 5, 5}),
                                          constant("cheat", Competes::for_bap, {6, 6, 6}),
                                          constant("x", Competes::for_nothing, {4, 4, 4})};
  const GapReport report = close_gap(methods, false, resamples);
  ASSERT_TRUE(report.gap);
  EXPECT_EQ(report.gap->value, -1);
  EXPECT_FALSE(report.gap->defined);
  EXPECT_FALSE(report.methods[2].gap_closed);
  EXPECT_EQ(report.methods[2].verdict, Verdict::undefined);
  EXPECT_EQ(*report.methods[2].value, 4);
}

TEST(CloseGap, UndefinedWhereTheGapIsWithinItsNoise) {
  const TestResamples resamples(kThirtyEach, 7);
  const std::vector<GapMethod> methods = {noisy("n", Competes::for_wap, 10, 5, 1),
                                          noisy("c", Competes::for_bap, 9.8, 5, 2),
                                          noisy("x", Competes::for_nothing, 5, 1, 3)};
  GapReport report = close_gap(methods, false, resamples);
  if (report.gap->value < 0) report = close_gap(methods, true, resamples);
  ASSERT_TRUE(report.gap->ci);
  EXPECT_LT(report.gap->ci->low, 0);
  EXPECT_FALSE(report.gap->defined);
  EXPECT_EQ(report.methods[2].verdict, Verdict::undefined);
  EXPECT_TRUE(report.methods[2].gap_closed);  // the number stands beside the verdict
}

TEST(CloseGap, WithoutNullOrCheaterThereIsNoGap) {
  const TestResamples resamples(kFourEach, 8, 50);
  const GapReport report =
      close_gap({constant("null", Competes::for_wap, {5, 5, 5}), constant("x", Competes::for_nothing, {4, 4, 4})},
                false, resamples);
  EXPECT_TRUE(report.wap);
  EXPECT_FALSE(report.bap || report.gap);
  EXPECT_EQ(*report.methods[1].value, 4);
  EXPECT_EQ(report.methods[1].verdict, Verdict::undefined);
  EXPECT_FALSE(close_gap({}, false, resamples).wap);
}

TEST(CloseGap, BoundIsNamedAfterTheFirstOfEqualMethods) {
  const TestResamples resamples(kFourEach, 9, 50);
  const GapReport report = close_gap({constant("mean", Competes::for_wap, {5, 5, 5}),
                                      constant("mean, rounded otherwise", Competes::for_wap, {5 - 1e-15, 5, 5 - 1e-15}),
                                      constant("cheat", Competes::for_bap, {1, 1, 1})},
                                     false, resamples);
  EXPECT_EQ(report.wap->method, 0u);
  EXPECT_EQ(report.folds[0].wap, 0u);
  EXPECT_EQ(report.methods[1].gap_closed, 0.0);
}

// A lasso that keeps nothing is the train mean plus rounding: not below the null.
TEST(CloseGap, RoundingIsNoDifference) {
  const TestResamples resamples(kFourEach, 9, 50);
  const GapReport report =
      close_gap({constant("mean", Competes::for_wap, {5, 5, 5}), constant("cheat", Competes::for_bap, {1, 1, 1}),
                 constant("x", Competes::for_nothing, {5 + 4e-15, 5 + 4e-15, 5 + 4e-15})},
                false, resamples);
  EXPECT_EQ(report.methods[2].gap_closed, 0.0);
  EXPECT_EQ(report.methods[2].verdict, Verdict::within_noise_of_null);
}

TEST(CloseGap, ZeroPercentIsANumber) {
  const TestResamples resamples(kFourEach, 9, 50);
  const GapReport report =
      close_gap({constant("null", Competes::for_wap, {5, 5, 5}), constant("cheat", Competes::for_bap, {1, 1, 1}),
                 constant("x", Competes::for_nothing, {5, 5, 5})},
                false, resamples);
  EXPECT_EQ(report.methods[2].gap_closed, 0.0);
  EXPECT_EQ(report.methods[2].verdict, Verdict::within_noise_of_null);
}

// ---- against the oracle: its own per-perturbation values in, its bounds and fractions out ----

class GapOracle : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::filesystem::path path = HEADROOM_SHARED_DIR "/golden/small/golden.json";
    if (!std::filesystem::exists(path)) GTEST_SKIP() << "no oracle values at " << path;
    golden_ = read_json(path);
  }

  // Every method of the oracle with its values of one metric, and the sampling error. `competes` says what for.
  std::vector<GapMethod> methods(const std::string& metric, bool higher_is_better,
                                 const std::function<Competes(const std::string&)>& competes) const {
    std::vector<GapMethod> all;
    const auto& folds = golden_.at("protocol").at(GetParam()).at("folds");
    for (const auto& [name, unused] : folds.at("0").at("methods").items()) {
      GapMethod method{name, competes(name), {}};
      for (const auto& [fold, content] : folds.items()) {
        method.fold_values.emplace_back(vector_of(content.at("methods").at(name).at("per_pert").at(metric)));
      }
      all.push_back(std::move(method));
    }
    GapMethod noise{"exp_error", competes("exp_error"), {}};
    const auto& quantiles = golden_.at("experimental_error").at(GetParam()).at("per_pert");
    for (const auto& [fold, content] : folds.items()) {
      Vector values(static_cast<Eigen::Index>(content.at("test").size()));
      for (Eigen::Index i = 0; i < values.size(); ++i) {
        const auto& of_pert = quantiles.at(content.at("test")[static_cast<std::size_t>(i)].get<std::string>());
        values[i] = of_pert.at(metric)[higher_is_better ? 0 : 4];  // 0.1 and 0.9
      }
      noise.fold_values.emplace_back(values);
    }
    all.push_back(std::move(noise));
    // The train mean before the nulls that can equal it.
    std::stable_partition(all.begin(), all.end(), [](const GapMethod& method) { return method.name == "train_mean"; });
    return all;
  }

  Competes published_roles(const std::string& name) const {
    const auto contains = [&](const char* key) {
      const auto list = golden_.at("meta").at(key).get<std::vector<std::string>>();
      return std::find(list.begin(), list.end(), name) != list.end();
    };
    return contains("nulls") ? Competes::for_wap : contains("cheaters") ? Competes::for_bap : Competes::for_nothing;
  }

  TestResamples resamples() const {
    std::vector<Eigen::Index> n_tests;
    for (const auto& [fold, content] : golden_.at("protocol").at(GetParam()).at("folds").items()) {
      n_tests.push_back(static_cast<Eigen::Index>(content.at("test").size()));
    }
    return TestResamples(n_tests, 1, 50);
  }

  nlohmann::json golden_;
};

constexpr double kOracleDigits = 1e-9;  // 12 digits in, two differences of them apart

void expect_number(const std::optional<double>& actual, const nlohmann::json& expected, double factor,
                   const std::string& what) {
  ASSERT_EQ(actual.has_value(), !expected.is_null()) << what;
  if (actual) {
    EXPECT_NEAR(*actual, factor * expected.get<double>(), kOracleDigits * std::max(1.0, std::abs(*actual))) << what;
  }
}

TEST_P(GapOracle, FoldsAndMediansAgree) {
  const TestResamples resample = resamples();
  const auto& folds = golden_.at("protocol").at(GetParam()).at("folds");
  for (const auto& [metric, summary] : golden_.at("protocol").at(GetParam()).at("summary").items()) {
    SCOPED_TRACE(metric);
    const bool higher = metric == "Pearson" || metric == "Spearman";
    const auto all = methods(metric, higher, [&](const std::string& name) { return published_roles(name); });
    const GapReport report = close_gap(all, higher, resample);
    std::size_t f = 0;
    for (const auto& [fold, content] : folds.items()) {
      SCOPED_TRACE("fold " + fold);
      const auto& bounds = content.at("bounds").at(metric);
      ASSERT_TRUE(report.folds[f].wap && report.folds[f].bap);
      EXPECT_EQ(all[*report.folds[f].wap].name, bounds.at("WAP_method"));
      EXPECT_EQ(all[*report.folds[f].bap].name, bounds.at("BAP_method"));
      ASSERT_FALSE(bounds.at("inverted").get<bool>());
      for (std::size_t m = 0; m < all.size(); ++m) {
        expect_number(report.methods[m].fold_gap_closed[f], bounds.at("fraction").at(all[m].name), 100, all[m].name);
      }
      ++f;
    }
    for (std::size_t m = 0; m < all.size(); ++m) {
      expect_number(report.methods[m].value, summary.at("median_value").at(all[m].name), 1, all[m].name);
      if (summary.at("median_fraction").at(all[m].name).is_null()) continue;
      std::vector<double> closed;
      for (const auto& of_fold : report.methods[m].fold_gap_closed) closed.push_back(*of_fold);
      expect_number(median(closed), summary.at("median_fraction").at(all[m].name), 100, all[m].name);
    }
  }
}

// The published figures: the train mean and the sampling error as the only bounds, medians first, then one ratio.
TEST_P(GapOracle, FigureRuleAgrees) {
  const TestResamples resample = resamples();
  for (const auto& [metric, summary] : golden_.at("protocol").at(GetParam()).at("summary").items()) {
    const bool higher = metric == "Pearson" || metric == "Spearman";
    const auto all = methods(metric, higher, [](const std::string& name) {
      return name == "train_mean" ? Competes::for_wap : name == "exp_error" ? Competes::for_bap : Competes::for_nothing;
    });
    const GapReport report = close_gap(all, higher, resample);
    for (std::size_t m = 0; m < all.size(); ++m) {
      expect_number(report.methods[m].gap_closed, summary.at("figure_fraction").at(all[m].name), 100,
                    metric + " of " + all[m].name);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Designs, GapOracle, testing::Values("global", "plate"),
                         [](const auto& design) { return std::string(design.param); });

}  // namespace
}  // namespace headroom
