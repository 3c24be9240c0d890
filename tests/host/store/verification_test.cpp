#include "store/verification.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace verification_test {

using ::testing::HasSubstr;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
const std::vector<std::string> metrics = {"L2", "Pearson"};
const std::vector<std::string> perts = {"a", "b", "c"};

FoldEvaluation example() {
  FoldEvaluation evaluation;
  evaluation.status = Status::ok;
  evaluation.metric_values = {Vector(3), Vector(3)};
  evaluation.metric_values[0] << 0.5, 0, 2;
  evaluation.metric_values[1] << 0.25, nan, 0.75;
  evaluation.covered = {1, 1, 0};
  evaluation.best_params = {{"k", 5}};
  return evaluation;
}

std::string difference(const FoldEvaluation& now) { return difference_of(example(), now, metrics, perts); }

EvaluationKey key(const std::string& method, const std::string& seed = "0") {
  EvaluationInputs inputs = {{"seed", seed}};
  const std::string fingerprint = fingerprint_of(inputs);
  return {"line", "0", method, fingerprint, inputs};
}

TEST(Verification, NothingDiffersBetweenEqualEvaluations) {
  EXPECT_EQ(difference(example()), "");
  FoldEvaluation times = example();
  times.wall_s = 3;
  times.metric_values[0][1] = -0.0;  // the store keeps no sign of zero
  EXPECT_EQ(difference(times), "");
}

TEST(Verification, SaysWhatDiffersAndByHowMuch) {
  FoldEvaluation now = example();
  now.metric_values[0][0] = 0.5 + 0x1p-53;
  now.metric_values[0][2] = 1.5;
  EXPECT_EQ(difference(now), "L2 of 2 of 3 perturbations, most for c: 2, now 1.5 (by 0.5)");
  now = example();
  now.metric_values[1][2] = std::nextafter(0.75, 1);
  EXPECT_THAT(difference(now), HasSubstr("Pearson of 1 of 3 perturbations, most for c: 0.75, now 0.7500000000000001"));
  now = example();
  now.metric_values[1][1] = 0.5;
  EXPECT_THAT(difference(now), HasSubstr("most for b: undefined, now 0.5"));
  now = example();
  now.best_params = {{"k", 7}};
  EXPECT_EQ(difference(now), "hyperparameters k=5, now k=7");
  now = example();
  now.covered[2] = 1;
  EXPECT_THAT(difference(now), HasSubstr("other perturbations are covered"));
  now = FoldEvaluation();
  now.status = Status::failed;
  now.reason = "crashed: SIGSEGV";
  EXPECT_EQ(difference(now), "failed now: crashed: SIGSEGV");
}

TEST(Verification, SaysWhatAFusionTellsOtherwise) {
  FoldEvaluation stored = example();
  stored.fusion = {{{"a", 3, 2}, {"b", 2, 2}}, {{"a", "rbf", 0.25}, {"b", "rbf", 0.75}}, 4.5, {}};
  const auto difference_now = [&](const auto& change) {
    FoldEvaluation now = stored;
    change(now.fusion);
    return difference_of(stored, now, metrics, perts);
  };
  EXPECT_EQ(difference_now([](FusionOfFold&) {}), "");
  EXPECT_EQ(difference_now([](FusionOfFold& now) { now.weights[1].weight = 0.5; }),
            "the weight of block b rbf: 0.75, now of b rbf: 0.5");
  EXPECT_EQ(difference_now([](FusionOfFold& now) { now.weights.clear(); }), "the fusion tells other weights now");
  EXPECT_THAT(difference_now([](FusionOfFold& now) { now.loo_l2 = 4.5 + 0x1p-50; }),
              HasSubstr("error that the fusion tells"));
  EXPECT_THAT(difference_now([](FusionOfFold& now) { now.blocks[0].n_covered = 1; }), HasSubstr("cover other"));
}

TEST(Verification, AsksForTheSampleAloneAndToldWhatChanged) {
  testing::TemporaryFolder folder;
  auto store = Store::open(folder.path(), metrics);
  ASSERT_TRUE(store);
  for (const char* method : {"equal", "other", "changed", "outside"}) {
    ASSERT_TRUE(store->put(key(method), perts, example()));
  }
  Verification verification(*store, {key("equal"), key("other"), key("changed"), key("never asked")});
  EXPECT_FALSE(verification.recall(key("equal")).value());
  EXPECT_FALSE(verification.recall(key("other")).value());
  EXPECT_EQ(verification.recall(key("changed", "7")).value()->status, Status::skipped);
  EXPECT_EQ(verification.recall(key("outside")).value()->status, Status::skipped);
  FoldEvaluation other = example();
  other.metric_values[0][0] = 9;
  ASSERT_TRUE(verification.remember(key("equal"), perts, example()));
  ASSERT_TRUE(verification.remember(key("other"), perts, other));
  const auto outcomes = verification.outcomes();
  ASSERT_EQ(outcomes.size(), 4u);
  EXPECT_EQ(outcomes[0].outcome, VerifiedOutcome::equal);
  EXPECT_EQ(outcomes[1].outcome, VerifiedOutcome::differs);
  EXPECT_EQ(outcomes[2].outcome, VerifiedOutcome::inputs_changed);
  EXPECT_EQ(outcomes[2].detail, "seed: 0, now 7");
  EXPECT_EQ(outcomes[3].outcome, VerifiedOutcome::inputs_changed);
}

TEST(Verification, SamplesBySeedWithoutRepetition) {
  std::vector<EvaluationKey> all;
  for (int i = 0; i < 50; ++i) all.push_back(key(std::to_string(100 + i)));
  const auto methods = [](const std::vector<EvaluationKey>& keys) {
    std::vector<std::string> names;
    for (const EvaluationKey& each : keys) names.push_back(each.method);
    return names;
  };
  const auto sample = methods(sample_of(all, 10, 3));
  EXPECT_EQ(sample.size(), 10u);
  EXPECT_TRUE(std::is_sorted(sample.begin(), sample.end()));
  EXPECT_EQ(std::adjacent_find(sample.begin(), sample.end()), sample.end());
  EXPECT_EQ(sample, methods(sample_of(all, 10, 3)));
  EXPECT_NE(sample, methods(sample_of(all, 10, 4)));
  EXPECT_EQ(methods(sample_of(all, 99, 3)), methods(all));
}

}  // namespace verification_test
}  // namespace headroom
