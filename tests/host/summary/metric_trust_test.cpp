#include "summary/metric_trust.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "host/summary/example_results.hpp"
#include "summary/summary.hpp"

namespace headroom {
namespace {

RunSummary judged(const RunResults& results) {
  ThreadPool pool(1);
  return summarise(results, example_task(), "0.1.0", pool);
}

TEST(MetricTrust, CalibratesByWhatWasMeasuredAgain) {
  RunResults results = example_results();
  EXPECT_TRUE(judged(results).contexts(0).calibration().empty()) << "without cells there is nothing to go by";
  MethodEvaluation again = example_method("depth_right", Role::reference, {4.5, 5.5}, {0.5, 0.5});
  again.in_bound = false;
  results.contexts[0].methods.push_back(again);
  const RunSummary summary = judged(results);
  ASSERT_EQ(summary.contexts(0).calibration_size(), 1);
  const CalibrationResult& l2 = summary.contexts(0).calibration(0);
  EXPECT_EQ(l2.variant(), "second_screen");
  EXPECT_EQ(l2.negative(), "train_mean");
  EXPECT_NEAR(l2.drf_mean(), 0.5, 1e-6);  // from 9 to 4.5, from 11 to 5.5
  EXPECT_EQ(l2.bds(), 1);
  EXPECT_EQ(l2.n(), 6);
  EXPECT_EQ(calibration_text(summary.contexts(0)), "DRF 0.50, BDS 100 %");
  EXPECT_TRUE(summary.contexts(1).calibration().empty()) << "no null has a correlation, and no change is not there";
}

TEST(MetricTrust, ResolvesHalfTheWidthOfAPairedInterval) {
  RunResults results = example_results();
  auto& methods = results.contexts[0].methods;
  // x and y differ by 3, 5 and 7 within each fold.
  for (std::size_t f = 0; f < 2; ++f) {
    methods[3].folds[f].metric_values[0] << 5, 6, 7;
    methods[4].folds[f].metric_values[0] << 8, 11, 14;
  }
  const RunSummary summary = judged(results);
  const ResolutionResult& resolution = summary.contexts(0).resolution();
  ASSERT_TRUE(resolution.has_value());
  EXPECT_EQ(resolution.n_pairs(), 1);
  const Comparison& pair = summary.contexts(0).comparisons(0);
  EXPECT_DOUBLE_EQ(resolution.value(), (pair.ci_high() - pair.ci_low()) / 2);
  EXPECT_DOUBLE_EQ(resolution.percent(), 100 * resolution.value() / summary.contexts(0).gap().value());
  EXPECT_NE(resolution_text(summary.contexts(0)).find("not told apart at 95 %"), std::string::npos);
  EXPECT_FALSE(judged(example_results()).contexts(1).resolution().has_value())
      << "methods that differ by the same everywhere tell nothing of what would be told apart";
}

}  // namespace
}  // namespace headroom
