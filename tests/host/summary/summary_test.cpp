#include "summary/summary.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "host/summary/example_results.hpp"
#include "summary/summary_json.hpp"

namespace headroom {
namespace {

const MethodResult& method(const ContextResult& context, const std::string& name) {
  return *std::find_if(context.methods().begin(), context.methods().end(),
                       [&](const auto& m) { return m.name() == name; });
}

RunSummary summarised(const RunResults& results, int n_threads = 1, const SummaryOptions& options = {}) {
  ThreadPool pool(n_threads);
  return summarise(results, example_task(), "0.1.0", pool, options);
}

TEST(Summary, ClosesTheGapByHand) {
  const RunSummary summary = summarised(example_results());
  ASSERT_EQ(summary.contexts_size(), 2);
  const ContextResult& l2 = summary.contexts(0);
  EXPECT_EQ(l2.metric(), "L2");
  EXPECT_EQ(l2.head(), "knn");
  EXPECT_FALSE(l2.higher_is_better());
  EXPECT_EQ(l2.wap().method(), "train_mean");
  EXPECT_EQ(l2.wap().value(), 10);
  EXPECT_EQ(l2.bap().value(), 4);
  EXPECT_EQ(l2.gap().value(), 6);
  EXPECT_TRUE(l2.gap().defined());
  EXPECT_DOUBLE_EQ(l2.gap().dynamic_range(), 0.6);
  EXPECT_EQ(method(l2, "x+knn").value(), 7);
  EXPECT_DOUBLE_EQ(method(l2, "x+knn").gap_closed(), 50);
  EXPECT_LE(method(l2, "x+knn").ci_low(), 50);
  EXPECT_GE(method(l2, "x+knn").ci_high(), 50);
  EXPECT_EQ(method(l2, "x+knn").verdict(), "progress");
  EXPECT_EQ(method(l2, "y+knn").verdict(), "below null");
  EXPECT_DOUBLE_EQ(method(l2, "sampling_error_q90").gap_closed(), 100);
  EXPECT_EQ(method(l2, "sampling_error_q90").verdict(), "") << "a bound is not judged by itself";
  EXPECT_DOUBLE_EQ(method(l2, "x+knn").folds(0).gap_closed(), 60) << "(9 - 6) / (9 - 4), by the fold's own bounds";
}

// z fuses x and v; without x it is 2 worse in both folds, without v it fails.
RunResults results_with_fusion() {
  RunResults results = example_results();
  results.heads.push_back({"lasso", true, ""});
  auto& methods = results.contexts[0].methods;
  MethodEvaluation fused = example_method("z+stack", Role::plugin, {5, 5}, {0.5, 0.5});
  fused.embedding = "z";
  fused.predictor = "stack";
  fused.blocks = {"x", "v"};
  for (FoldEvaluation& fold : fused.folds) fold.fusion.blocks = {{"x", 3, 16}, {"v", 1, 4}};
  fused.folds[0].fusion.weights = {{"x", "linear", 0.25}, {"v", "linear", 0.25}, {"x", "rbf", 0.5}};
  fused.folds[1].fusion.weights = {{"v", "linear", 1}};
  fused.folds[0].fusion.loo_l2 = 4.5;
  MethodEvaluation without = example_method("z-x+stack", Role::plugin, {7, 7}, {0.5, 0.5});
  without.predictor = "stack";
  without.blocks = {"v"};
  without.left_out = "x";
  without.whole = "z+stack";
  MethodEvaluation failed = methods.back();
  failed.name = "z-v+stack";
  failed.blocks = {"x"};
  failed.left_out = "v";
  failed.whole = "z+stack";
  for (MethodEvaluation* method : {&fused, &without, &failed}) methods.push_back(*method);
  return results;
}

TEST(Summary, TellsWhatABlockOfAFusionCounts) {
  const RunSummary summary = summarised(results_with_fusion());
  ASSERT_EQ(summary.contexts_size(), 4);
  for (const int table : {0, 1}) {
    const MethodResult& fused = method(summary.contexts(table), "z+stack");
    EXPECT_EQ(fused.value(), 5) << "in the table of every head";
    ASSERT_EQ(fused.blocks_size(), 2);
    EXPECT_EQ(fused.blocks(0).name(), "x");
    EXPECT_DOUBLE_EQ(fused.blocks(0).coverage(), 1);
    EXPECT_DOUBLE_EQ(fused.blocks(1).coverage(), 1.0 / 3);
    EXPECT_DOUBLE_EQ(fused.blocks(0).weight(), 0.375) << "0.25 + 0.5 in one fold, none in the other";
    ASSERT_EQ(fused.folds(0).blocks_size(), 3);
    EXPECT_EQ(fused.folds(0).blocks(2).kernel(), "rbf");
    EXPECT_DOUBLE_EQ(fused.folds(0).loo_l2(), 4.5);
    EXPECT_FALSE(fused.folds(1).has_loo_l2());
    EXPECT_EQ(fused.folds(1).block_features(1).n_covered(), 1);
    EXPECT_EQ(fused.flags_size(), 1) << "x was trained on this data set";
  }
  EXPECT_NE(summary_json(summary).find("\"loo_L2\": 4.5"), std::string::npos);
}

TEST(Summary, TellsNothingOfTheBlocksOfAFusionThatFailedInAFold) {
  RunResults results = results_with_fusion();
  for (MethodEvaluation& method : results.contexts[0].methods) {
    if (method.name != "z+stack") continue;
    method.folds[1] = FoldEvaluation{};
    method.folds[1].status = Status::failed;
    method.folds[1].reason = "it broke down";
  }
  const RunSummary summary = summarised(results);
  const MethodResult& failed = method(summary.contexts(0), "z+stack");
  ASSERT_EQ(failed.blocks_size(), 2);
  EXPECT_FALSE(failed.blocks(0).has_weight());
  EXPECT_FALSE(failed.blocks(0).has_coverage());
}

TEST(Summary, AFusionWithoutABlockStandsBesideItAndNowhereElse) {
  const RunSummary with = summarised(results_with_fusion());
  const ContextResult& l2 = with.contexts(0);
  for (const ContextResult& context : with.contexts()) {
    for (const MethodResult& shown : context.methods()) EXPECT_FALSE(shown.name().starts_with("z-")) << shown.name();
  }
  for (const Comparison& comparison : l2.comparisons()) {
    EXPECT_FALSE(comparison.first().starts_with("z-") || comparison.second().starts_with("z-"));
  }
  ASSERT_EQ(l2.ablations_size(), 2);
  const Ablation& without = l2.ablations(0);
  EXPECT_EQ(without.method(), "z+stack");
  EXPECT_EQ(without.block(), "x");
  EXPECT_EQ(without.name(), "z-x+stack");
  EXPECT_EQ(without.value(), 7);
  EXPECT_DOUBLE_EQ(without.drop(), 2) << "positive: worse without the block, in a metric that is better lower";
  EXPECT_DOUBLE_EQ(without.ci_low(), 2);
  EXPECT_NEAR(without.gap_drop(), 100.0 / 3, 1e-9) << "2 of a gap of 6";
  EXPECT_EQ(l2.ablations(1).status(), "failed");
  EXPECT_EQ(l2.ablations(1).reason(), "crashed (SIGSEGV)");
  EXPECT_FALSE(l2.ablations(1).has_drop());
  EXPECT_EQ(with.contexts(2).ablations_size(), 0) << "of the primary metric alone";

  RunResults plain = results_with_fusion();
  plain.contexts[0].methods.resize(plain.contexts[0].methods.size() - 2);
  RunSummary without_ablation = summarised(plain), cleared = with;
  for (ContextResult& context : *cleared.mutable_contexts()) context.clear_ablations();
  EXPECT_EQ(summary_json(without_ablation), summary_json(cleared)) << "no other number moves";
}

TEST(Summary, LeavesOutWhatIsUndefined) {
  const RunSummary summary = summarised(example_results());
  const ContextResult& pearson = summary.contexts(1);
  EXPECT_EQ(pearson.wap().method(), "random+knn") << "the train mean has no correlation";
  EXPECT_FALSE(method(pearson, "train_mean").has_value());
  EXPECT_FALSE(method(pearson, "train_mean").has_gap_closed());
  EXPECT_EQ(method(pearson, "train_mean").folds(0).n_finite(), 0);
  EXPECT_FALSE(method(pearson, "train_mean").folds(0).has_value_finite());
  EXPECT_DOUBLE_EQ(method(pearson, "x+knn").gap_closed(), 50);
  const MethodResult& failed = method(pearson, "bad+knn");
  EXPECT_EQ(failed.status(), "failed");
  EXPECT_EQ(failed.reason(), "crashed (SIGSEGV)");
  EXPECT_FALSE(failed.has_value());
}

TEST(Summary, CountsCoverage) {
  const RunSummary summary = summarised(example_results());
  const MethodResult& x = method(summary.contexts(0), "x+knn");
  EXPECT_DOUBLE_EQ(x.coverage(), 5.0 / 6);
  EXPECT_EQ(x.folds(0).n_test(), 3);
  EXPECT_EQ(x.folds(0).n_covered(), 2);
  EXPECT_EQ(x.folds(0).value(), 6) << "imputed rows count";
  EXPECT_EQ(x.folds(0).value_covered(), 5);
  EXPECT_DOUBLE_EQ(x.value_covered(), 6.5) << "median of 5 and 8";
  EXPECT_FALSE(method(summary.contexts(0), "train_mean").has_coverage());
  EXPECT_EQ(summary.plugins(0).n_ids(), 6);
  EXPECT_EQ(summary.plugins(0).n_present(), 5);
  EXPECT_EQ(x.folds(0).best_params().at("k"), 20);
  EXPECT_EQ(x.folds(0).effective_dim(), 16);
  EXPECT_FALSE(x.folds(1).has_effective_dim());
}

TEST(Summary, FlagsTrainingOnTheTasksData) {
  const RunSummary summary = summarised(example_results());
  ASSERT_EQ(method(summary.contexts(0), "x+knn").flags_size(), 1);
  EXPECT_EQ(method(summary.contexts(0), "x+knn").flags(0), "trained on this data set");
  EXPECT_EQ(method(summary.contexts(0), "y+knn").flags_size(), 0);
}

TEST(Summary, ComparesPluginsInThePrimaryMetric) {
  const RunSummary summary = summarised(example_results());
  ASSERT_EQ(summary.contexts(0).comparisons_size(), 1);
  const Comparison& comparison = summary.contexts(0).comparisons(0);
  EXPECT_EQ(comparison.first(), "x+knn");
  EXPECT_EQ(comparison.second(), "y+knn");
  EXPECT_DOUBLE_EQ(comparison.mean_difference(), -6) << "first - second, in the metric's own direction";
  EXPECT_LE(comparison.ci_low(), -6);
  EXPECT_GE(comparison.ci_high(), -6);
  EXPECT_LE(comparison.ci_low(), comparison.ci_high());
  EXPECT_NEAR(comparison.p_value(), 2.0 / 201, 1e-12) << "all of 200 resamples agree";
  EXPECT_EQ(comparison.p_holm(), comparison.p_value());
  EXPECT_EQ(summary.contexts(1).comparisons_size(), 0);
}

TEST(Summary, NamesABoundThatLacksAMetric) {
  RunResults results = example_results();
  for (auto& fold : results.contexts[0].methods[2].folds) {
    fold.metric_values[1].setConstant(std::numeric_limits<double>::quiet_NaN());
  }
  const RunSummary summary = summarised(results);
  ASSERT_EQ(summary.contexts(1).notes_size(), 1);
  EXPECT_EQ(summary.contexts(1).notes(0), "sampling_error_q90 has no Pearson: bounded by the other cheaters");
  EXPECT_FALSE(summary.contexts(1).gap().has_value());
  EXPECT_FALSE(summary.contexts(1).gap().defined());
  EXPECT_EQ(method(summary.contexts(1), "x+knn").verdict(), "undefined");
  EXPECT_EQ(summary.contexts(0).notes_size(), 0);
}

TEST(Summary, LetsOnlyNamedReferencesBound) {
  RunResults results = example_results();
  MethodEvaluation reference = example_method("sampling_error_q50", Role::reference, {5, 5}, {0.8, 0.8});
  reference.in_bound = false;
  results.contexts[0].methods.push_back(reference);
  EXPECT_EQ(summarised(results).contexts(0).bap().method(), "sampling_error_q90");
  results.contexts[0].methods.back().in_bound = true;
  EXPECT_EQ(summarised(results).contexts(0).bap().method(), "sampling_error_q50") << "the tightest";
}

TEST(Summary, KeepsHeadsApart) {
  RunResults results = example_results();
  results.heads[0].own_bounds = true;
  results.heads.push_back({"fusion", false, "knn", true});
  MethodEvaluation other = example_method("x+fusion", Role::plugin, {5, 5}, {0.5, 0.5});
  other.predictor = "fusion";
  results.contexts[0].methods.push_back(other);
  const RunSummary summary = summarised(results);
  ASSERT_EQ(summary.contexts_size(), 4);
  const auto has = [&](int table, const std::string& name) {
    const auto& methods = summary.contexts(table).methods();
    return std::any_of(methods.begin(), methods.end(), [&](const auto& m) { return m.name() == name; });
  };
  EXPECT_FALSE(has(0, "x+fusion"));
  EXPECT_TRUE(has(1, "x+fusion"));
  EXPECT_FALSE(has(1, "x+knn"));
  EXPECT_TRUE(has(1, "random+knn")) << "a submitted head borrows knn's nulls";
}

TEST(Summary, DescribesTheTask) {
  const RunSummary summary = summarised(example_results());
  EXPECT_EQ(summary.task().name(), "Norman 2019");
  EXPECT_EQ(summary.task().n_genes(), 2);
  ASSERT_EQ(summary.task().contexts_size(), 1);
  EXPECT_EQ(summary.task().contexts(0).n_perturbations(), 6);
  EXPECT_EQ(summary.task().contexts(0).n_test(1), 3);
  EXPECT_EQ(summary.settings().metrics(1), "Pearson");
}

TEST(Summary, IsTheSameOnAnyNumberOfThreads) {
  const std::string one = summary_json(summarised(example_results(), 1));
  EXPECT_EQ(one, summary_json(summarised(example_results(), 4)));
  EXPECT_EQ(one.find("nan"), std::string::npos);
}

TEST(Summary, KeepsInnerScoresOnRequest) {
  EXPECT_EQ(method(summarised(example_results()).contexts(0), "x+knn").folds(0).inner_scores_size(), 0);
  const RunSummary summary = summarised(example_results(), 1, {.inner_scores = true});
  ASSERT_EQ(method(summary.contexts(0), "x+knn").folds(0).inner_scores_size(), 1);
  EXPECT_EQ(method(summary.contexts(0), "x+knn").folds(0).inner_scores(0).scores(1), -2);
  EXPECT_EQ(method(summary.contexts(1), "x+knn").folds(0).inner_scores_size(), 0);
}

}  // namespace
}  // namespace headroom
