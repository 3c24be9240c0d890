#include "plan/split.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headroom {
namespace split_test {

using ::testing::ElementsAre;

// Two contexts; the second has no row of fold "b".
Task example_task() {
  Task task;
  task.path = "task.h5ad";
  task.gene_ids = {"g1", "g2"};
  task.fold_names = {"a", "b", "c"};
  Matrix deltas(4, 2);
  deltas << 1, 2, 3, 4, 5, 6, 7, 8;
  task.contexts.push_back({"one", {"p", "q", "r", "s"}, deltas, {2, 0, 1, 0}, {}});
  task.contexts.push_back({"two", {"p", "q", "t"}, 10 * deltas.topRows(3), {0, 0, 2}, {}});
  return task;
}

TEST(SplitsWithin, AreTheFoldsOfEachContextInOrder) {
  const auto splits = splits_within(example_task(), {});
  ASSERT_TRUE(splits.has_value()) << splits.error().line();
  ASSERT_EQ(splits->size(), 5u);
  std::vector<std::pair<std::size_t, std::string>> found;
  for (const Split& split : *splits) found.emplace_back(split.context, split.name);
  using Pair = std::pair<std::size_t, std::string>;
  EXPECT_THAT(found, ElementsAre(Pair(0, "a"), Pair(0, "b"), Pair(0, "c"), Pair(1, "a"), Pair(1, "c")));
  for (const Split& split : *splits) EXPECT_EQ(split.family, kFamilyWithin);
}

TEST(SplitsWithin, TrainOnAllRowsOfTheContextThatAreNotTested) {
  const Task task = example_task();
  const auto splits = splits_within(task, {"a"});
  ASSERT_TRUE(splits.has_value()) << splits.error().line();
  ASSERT_EQ(splits->size(), 2u);
  const Split& split = splits->front();
  EXPECT_THAT(split.test, ElementsAre(TaskRow{0, 1}, TaskRow{0, 3}));
  EXPECT_THAT(split.training, ElementsAre(TaskRow{0, 0}, TaskRow{0, 2}));
  EXPECT_THAT(ids_of(task, split.test), ElementsAre("q", "s"));
  EXPECT_EQ(deltas_of(task, split.test), (Matrix(2, 2) << 3, 4, 7, 8).finished());
  EXPECT_EQ(deltas_of(task, splits->back().training), (Matrix(1, 2) << 50, 60).finished());
  EXPECT_THAT(n_tests_of(*splits), ElementsAre(2, 2));
}

TEST(SplitsWithin, NamesOfFoldsMayComeInAnyOrderAndTwice) {
  const auto splits = splits_within(example_task(), {"c", "a", "c"});
  ASSERT_TRUE(splits.has_value()) << splits.error().line();
  std::vector<std::string> names;
  for (const Split& split : *splits) names.push_back(split.name);
  EXPECT_THAT(names, ElementsAre("a", "c", "a", "c"));
}

TEST(SplitsWithin, RefuseAFoldThatTheTaskHasNot) {
  const auto splits = splits_within(example_task(), {"d"});
  ASSERT_FALSE(splits.has_value());
  EXPECT_EQ(splits.error().line(), "the task has no fold 'd' (task.h5ad): its folds are a, b, c");
}

}  // namespace split_test
}  // namespace headroom
