#include "summary/target_parts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/summary/example_results.hpp"
#include "summary/primary_metric.hpp"
#include "summary/scores_csv.hpp"
#include "summary/summary.hpp"

namespace headroom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The example as a target of classes: its folds have values as a whole.
RunResults class_results() {
  RunResults results = example_results();
  results.target = "deg";
  results.metrics = {Metric::F1, Metric::recall_pert};
  for (MethodEvaluation& method : results.contexts.front().methods) {
    for (FoldEvaluation& fold : method.folds) {
      if (fold.status != Status::ok) continue;
      // F1 as the L2 of the example, turned so that higher is better.
      fold.metric_values[0] = 1 - fold.metric_values[0].array() / 20;
      const double value = fold.metric_values[0][0];
      fold.metric_values[0].setConstant(std::numeric_limits<double>::quiet_NaN());
      fold.whole.values = Vector{{value, 0.5}};
      fold.whole.covered_values = Vector{{value + 0.01, 0.5}};
      fold.whole.resampled = Matrix::Constant(2, 200, value);
    }
  }
  return results;
}

RunSummary both() {
  ThreadPool pool(1);
  const Task task = example_task();
  return joined({summarise(example_results(), task, "0.1.0", pool), summarise(class_results(), task, "0.1.0", pool)});
}

TEST(TargetParts, AreOneSummaryAndItsParts) {
  const RunSummary summary = both();
  EXPECT_THAT(targets_of(summary), ElementsAre("lfc", "deg"));
  const RunSummary deltas = part_of_target(summary, "lfc"), classes = part_of_target(summary, "deg");
  EXPECT_EQ(deltas.contexts_size() + classes.contexts_size(), summary.contexts_size());
  EXPECT_EQ(primary_metric(deltas), "L2");
  EXPECT_EQ(primary_metric(classes), "F1");
  for (const ContextResult& context : deltas.contexts()) EXPECT_TRUE(context.target().empty());
  for (const ContextResult& context : classes.contexts()) EXPECT_EQ(context.target(), "deg");
  EXPECT_EQ(summary.plugins_size(), deltas.plugins_size());
}

TEST(TargetParts, OfOneTargetIsTheSummary) {
  ThreadPool pool(1);
  const RunSummary summary = summarise(example_results(), example_task(), "0.1.0", pool);
  EXPECT_EQ(part_of_target(summary, "lfc").SerializeAsString(), summary.SerializeAsString());
  EXPECT_EQ(joined({summary}).SerializeAsString(), summary.SerializeAsString());
  EXPECT_THAT(targets_of(RunSummary()), ElementsAre("lfc"));
}

TEST(Summary, TakesFoldsAsAWhole) {
  const RunSummary classes = part_of_target(both(), "deg");
  const ContextResult& f1 = classes.contexts(0);
  ASSERT_EQ(f1.metric(), "F1");
  EXPECT_TRUE(f1.higher_is_better());
  ASSERT_TRUE(f1.gap().defined());
  for (const MethodResult& method : f1.methods()) {
    if (method.status() != "ok") continue;
    for (const FoldResult& fold : method.folds()) {
      if (fold.has_value()) EXPECT_NEAR(fold.value_covered(), fold.value() + 0.01, 1e-12) << method.name();
      EXPECT_FALSE(fold.has_n_finite()) << "no perturbation has an F1";
    }
  }
}

TEST(ScoresCsv, TellsTheTargetWhereThereIsAnother) {
  const std::string csv = scores_csv(both());
  EXPECT_THAT(csv.substr(0, csv.find('\n')), HasSubstr(",gap_closed,audit,target"));
  EXPECT_THAT(csv, HasSubstr(",lfc\n"));
  EXPECT_THAT(csv, HasSubstr(",deg\n"));
  const std::string alone = scores_csv(part_of_target(both(), "lfc"));
  EXPECT_EQ(alone.substr(0, alone.find('\n')).find("target"), std::string::npos);
}

}  // namespace
}  // namespace headroom
