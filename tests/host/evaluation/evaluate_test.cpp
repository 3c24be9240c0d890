// What carrying out a plan promises beside its numbers: what is kept is not made again, what is asked to stop stops,
// and what happens is told in order.
#include "evaluation/evaluate.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <set>

#include "host/evaluation/made_task.hpp"
#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace evaluate_test {

using Place = std::tuple<std::string, std::string, std::string>;

// Keeps everything in this process.
class KeptInMemory final : public EvaluationStore {
 public:
  Result<void> begin(const RunSettings&, const std::vector<PluginOfRun>& plugins) override {
    n_plugins = plugins.size();
    return {};
  }
  Result<std::optional<FoldEvaluation>> recall(const EvaluationKey& key) override {
    asked.push_back({key.context, key.split, key.method});
    const auto found = kept.find(key.fingerprint + key.method);
    if (found == kept.end()) return std::optional<FoldEvaluation>();
    return std::optional(found->second);
  }
  void recall_ended() override { ++n_recalls_ended; }
  Result<void> remember(const EvaluationKey& key, const std::vector<std::string>& pert_ids,
                        const FoldEvaluation& evaluation) override {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(pert_ids.size(), evaluation.status == Status::ok ? evaluation.covered.size() : pert_ids.size());
    EXPECT_TRUE(made.insert({key.context, key.split, key.method}).second) << key.method << " twice";
    kept.emplace(key.fingerprint + key.method, evaluation);  // the nulls of a split may share a fingerprint
    return {};
  }

  std::size_t n_plugins = 0;
  int n_recalls_ended = 0;
  std::vector<Place> asked;
  std::set<Place> made;
  std::map<std::string, FoldEvaluation> kept;

 private:
  std::mutex mutex_;
};

class StepCounter final : public Progress {
 public:
  void begin(const std::string&, std::int64_t n, const std::string&) override { total = n; }
  void advance(std::int64_t n) override { done += n; }
  void end() override {}
  std::int64_t total = 0;
  std::atomic<std::int64_t> done{0};
};

class EvaluateTest : public ::testing::Test {
 protected:
  EvaluateTest() {
    std::string text = "pert_id,x,y,z\n";
    for (int p = 0; p < 18; ++p) {
      text += fmt::format("p{},{},{},{}\n", 100 + p, testing::scattered(p, 0, 7), testing::scattered(p, 1, 7),
                          testing::scattered(p, 2, 7));
    }
    options_.embeddings = {{"mine", folder_.write("mine.csv", text), {}}};
  }

  RunOutcome run(EvaluationStore* memory = nullptr, std::stop_token stop = {}) {
    ThreadPool pool(2);
    return evaluate(task_, nullptr, options_, pool, progress_, stop, memory);
  }

  testing::TemporaryFolder folder_;
  Task task_ = testing::made_task(2, 18, 7, 3);
  RunOptions options_ = testing::made_options();
  StepCounter progress_;
};

TEST_F(EvaluateTest, FillsEveryPlaceOfThePlan) {
  const RunOutcome outcome = run();
  ASSERT_FALSE(outcome.error.has_value()) << outcome.error->line();
  EXPECT_EQ(progress_.done, progress_.total);
  ASSERT_EQ(outcome.results.contexts.size(), 2u);
  for (const ContextEvaluation& context : outcome.results.contexts) {
    EXPECT_EQ(context.splits.size(), 3u);
    for (const MethodEvaluation& method : context.methods) {
      ASSERT_EQ(method.folds.size(), 3u);
      EXPECT_NE(method.status, Status::not_run) << method.name;
      for (std::size_t f = 0; f < 3; ++f) {
        if (method.folds[f].status != Status::ok) continue;
        ASSERT_EQ(method.folds[f].metric_values.size(), outcome.results.metrics.size());
        EXPECT_EQ(method.folds[f].metric_values[0].size(), 6) << method.name;
      }
    }
  }
}

TEST_F(EvaluateTest, AsksTheStoreForEverythingOnceAndKeepsEverythingOnce) {
  KeptInMemory memory;
  const RunOutcome outcome = run(&memory);
  ASSERT_FALSE(outcome.error.has_value()) << outcome.error->line();
  EXPECT_EQ(memory.n_recalls_ended, 1);
  EXPECT_EQ(memory.n_plugins, 3u) << "the embedding, knn, and lasso for the bounds";
  EXPECT_EQ(std::set(memory.asked.begin(), memory.asked.end()), memory.made);
  EXPECT_EQ(memory.asked.size(), memory.made.size());
  EXPECT_EQ(memory.made.size(), outcome.results.contexts[0].methods.size() * 6);
}

TEST_F(EvaluateTest, TakesOverWhatIsKept) {
  KeptInMemory memory;
  const RunResults first = run(&memory).results;
  memory.made.clear();
  const RunResults again = run(&memory).results;
  EXPECT_TRUE(memory.made.empty());
  for (std::size_t m = 0; m < first.contexts[1].methods.size(); ++m) {
    const MethodEvaluation &a = first.contexts[1].methods[m], &b = again.contexts[1].methods[m];
    EXPECT_EQ(a.status, b.status);
    for (std::size_t f = 0; f < 3; ++f) EXPECT_EQ(a.folds[f].wall_s, b.folds[f].wall_s) << a.name;
  }
}

TEST_F(EvaluateTest, TheNullOfSeveralSeedsIsTheirMean) {
  options_.nulls = {kNullTrainMean, kNullRandom};
  const RunResults both = run().results;
  options_.n_random_embeddings = 1;
  const RunResults first = run().results;
  ++options_.seed;
  const RunResults second = run().results;
  const auto values = [](const RunResults& results) {
    for (const MethodEvaluation& method : results.contexts[0].methods) {
      if (method.name == "random+knn") return method.folds[1].metric_values[0];
    }
    return Vector();
  };
  ASSERT_EQ(values(both).size(), 6);
  EXPECT_LT((values(both) - 0.5 * (values(first) + values(second))).cwiseAbs().maxCoeff(), 1e-12);
}

TEST_F(EvaluateTest, ThatIsAskedToStopSaysSo) {
  std::stop_source source;
  source.request_stop();
  const RunOutcome outcome = run(nullptr, source.get_token());
  ASSERT_TRUE(outcome.error.has_value());
  EXPECT_EQ(outcome.error->kind, ErrorKind::interrupted);
  // Not even its plugins were introduced, so that there may be no plan.
  for (const ContextEvaluation& context : outcome.results.contexts) {
    for (const MethodEvaluation& method : context.methods) EXPECT_EQ(method.status, Status::not_run) << method.name;
  }
}

TEST_F(EvaluateTest, AnEmbeddingOfOtherIdsFailsByItselfAndSaysWhoseFaultItIs) {
  options_.embeddings.push_back({"others", folder_.write("others.csv", "pert_id,x\nq1,1\nq2,2\n"), {}});
  const RunOutcome outcome = run();
  ASSERT_FALSE(outcome.error.has_value()) << outcome.error->line();
  for (const MethodEvaluation& method : outcome.results.contexts[1].methods) {
    if (method.name == "mine+knn") EXPECT_EQ(method.status, Status::ok) << method.reason;
    if (method.name != "others+knn") continue;
    EXPECT_EQ(method.status, Status::failed);
    ASSERT_TRUE(method.folds[0].failure.has_value());
    EXPECT_EQ(method.folds[0].failure->plugin, "others");
    EXPECT_EQ(method.folds[0].failure->verdict, "unusable");
  }
}

}  // namespace evaluate_test
}  // namespace headroom
