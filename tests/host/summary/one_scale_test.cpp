// Bounds belong to the task: the tables of a run share one scale, on which percentages rank as errors do.
#include "summary/one_scale.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "host/summary/example_results.hpp"
#include "summary/leaderboard.hpp"
#include "summary/summary.hpp"

namespace headroom {
namespace {

using ::testing::ElementsAre;

// A run of made-up numbers: nulls around 10, cheaters around 4, plugins anywhere, through knn, lasso and a submitted
// head. Pearson is better where it is higher.
RunResults random_results(std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> spread(-1, 1);
  RunResults results = example_results();
  results.settings.set_seed(seed);
  results.settings.set_n_resamples(50);
  results.heads = {{"knn"}, {"lasso"}, {"mine", false}};
  auto& methods = results.contexts[0].methods;
  methods.clear();
  const auto add = [&](const std::string& embedding, const std::string& predictor, Role role, double centre,
                       double width) {
    const auto l2 = [&] { return centre + width * spread(generator); };
    const std::pair values{l2(), l2()};
    MethodEvaluation method = example_method(predictor.empty() ? embedding : embedding + "+" + predictor, role, values,
                                             {1 - values.first / 20, 1 - values.second / 20});
    method.predictor = predictor;
    if (!predictor.empty()) method.embedding = embedding;
    methods.push_back(method);
  };
  add("train_mean", "", Role::null_method, 10, 1);
  for (const char* head : {"knn", "lasso"}) {
    add("random", head, Role::null_method, 10, 1);
    add("idealized", head, Role::cheater, 4, 2);
  }
  add("sampling_error_q90", "", Role::cheater, 4, 2);
  for (const char* head : {"knn", "lasso", "mine"}) {
    for (const char* embedding : {"a", "b", "c", "d"}) add(embedding, head, Role::plugin, 7, 6);
  }
  add("finished", "", Role::plugin, 7, 6);
  return results;
}

// Names of the plugins' methods, best first by what `key` says.
template <class Key>
std::vector<std::string> ranked(const ContextResult& table, Key&& key) {
  std::vector<const MethodResult*> methods;
  for (const MethodResult& method : table.methods()) {
    if (method.role() == "plugin") methods.push_back(&method);
  }
  std::stable_sort(methods.begin(), methods.end(),
                   [&](const MethodResult* a, const MethodResult* b) { return key(*a) < key(*b); });
  std::vector<std::string> names;
  for (const MethodResult* method : methods) names.push_back(method->name());
  return names;
}

TEST(OneScale, RanksFollowErrorsInEveryRun) {
  const Task task = example_task();
  ThreadPool pool(1);
  for (std::uint32_t seed = 0; seed < 40; ++seed) {
    const RunSummary summary = summarise(random_results(seed), task, "test", pool);
    const RunSummary shown = on_one_scale(summary);
    ASSERT_EQ(shown.contexts_size(), 2) << "one table a metric";
    for (const ContextResult& table : shown.contexts()) {
      const double sign = table.higher_is_better() ? -1 : 1;
      const auto by_value = ranked(table, [&](const MethodResult& method) { return sign * method.value(); });
      EXPECT_EQ(by_value.size(), 13u);
      EXPECT_EQ(ranked(table, [](const MethodResult& method) { return -method.gap_closed(); }), by_value) << seed;
    }
    const auto board = make_leaderboard({{"run", summary}});
    ASSERT_TRUE(board.has_value()) << board.error().line();
    if (!board->unranked.empty()) continue;  // the gap of this run's bounds may be 0
    std::vector<std::string> listed;
    for (const LeaderboardEntry& entry : board->entries) listed.push_back(entry.method);
    EXPECT_EQ(listed, ranked(shown.contexts(0), [](const MethodResult& method) { return method.value(); })) << seed;
  }
}

TEST(OneScale, EveryTableHasTheBoundsOfTheTask) {
  ThreadPool pool(1);
  for (std::uint32_t seed = 0; seed < 10; ++seed) {
    const RunSummary summary = summarise(random_results(seed), example_task(), "test", pool);
    std::map<std::string, const ContextResult*> first;
    for (const ContextResult& table : summary.contexts()) {
      EXPECT_EQ(table.bounds_scope(), "task");
      const ContextResult& other = *first.try_emplace(table.metric(), &table).first->second;
      EXPECT_EQ(table.wap().SerializeAsString(), other.wap().SerializeAsString());
      EXPECT_EQ(table.bap().SerializeAsString(), other.bap().SerializeAsString());
      EXPECT_EQ(table.gap().SerializeAsString(), other.gap().SerializeAsString());
      std::vector<std::string> of_the_scale;
      for (const MethodResult& method : table.methods()) {
        if (method.role() != "plugin") of_the_scale.push_back(method.name());
      }
      EXPECT_THAT(of_the_scale, ElementsAre("train_mean", "random+knn", "idealized+knn", "random+lasso",
                                            "idealized+lasso", "sampling_error_q90"));
    }
  }
}

TEST(OneScale, AddingAMethodMovesNoOther) {
  ThreadPool pool(1);
  RunResults results = random_results(3);
  const RunSummary before = summarise(results, example_task(), "test", pool);
  results.contexts[0].methods.push_back(example_method("best", Role::plugin, {0.1, 0.1}, {0.99, 0.99}));
  const RunSummary after = summarise(results, example_task(), "test", pool);
  for (int c = 0; c < before.contexts_size(); ++c) {
    for (int m = 0; m < before.contexts(c).methods_size(); ++m) {
      EXPECT_EQ(before.contexts(c).methods(m).SerializeAsString(), after.contexts(c).methods(m).SerializeAsString());
    }
  }
}

TEST(OneScale, TablesWithBoundsPerHeadStayApart) {
  ThreadPool pool(1);
  RunResults results = random_results(1);
  for (Head& head : results.heads) head.own_bounds = true;
  results.heads[2].borrows = "knn";
  const RunSummary summary = summarise(results, example_task(), "test", pool);
  const RunSummary shown = on_one_scale(summary);
  EXPECT_EQ(shown.SerializeAsString(), summary.SerializeAsString());
  for (const ContextResult& table : summary.contexts()) {
    EXPECT_EQ(table.bounds_scope(), "head");
    for (const MethodResult& method : table.methods()) {
      const std::string own = table.head() == "mine" ? "knn" : table.head();
      if (method.role() != "plugin" && !method.predictor().empty()) EXPECT_EQ(method.predictor(), own);
    }
  }
}

TEST(OneScale, TellsTheGapToAnotherCeilingWhereThereIsNone) {
  ThreadPool pool(1);
  RunResults results = example_results();
  results.contexts[0].methods[2] = example_method("sampling_error_q90", Role::cheater, {14, 14}, {0.1, 0.1});
  MethodEvaluation closed_form = example_method("sampling_error_closed_form", Role::reference, {5, 5}, {0.1, 0.1});
  results.contexts[0].methods.push_back(closed_form);
  const RunSummary summary = summarise(results, example_task(), "test", pool);
  const ContextResult& l2 = summary.contexts(0);
  EXPECT_FALSE(l2.gap().defined());
  ASSERT_TRUE(l2.has_other_ceiling());
  EXPECT_EQ(l2.other_ceiling().ceiling(), "sampling_error_closed_form");
  EXPECT_EQ(l2.other_ceiling().bap().value(), 5);
  EXPECT_EQ(l2.other_ceiling().gap().value(), 5) << "10 is the best null";
  EXPECT_TRUE(l2.other_ceiling().gap().defined());
  const RunSummary usual = summarise(example_results(), example_task(), "test", pool);
  EXPECT_FALSE(usual.contexts(0).has_other_ceiling());
}

}  // namespace
}  // namespace headroom
