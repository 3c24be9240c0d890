#include "task/fold_assignment.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/io/temporary_folder.hpp"
#include "protocol/kfold.hpp"

namespace headroom {
namespace fold_assignment_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

std::vector<TaskContext> two_contexts() {
  TaskContext one, two;
  one.name = "one";
  one.pert_ids = {"a", "b", "c", "d"};
  two.name = "two";
  two.pert_ids = {"a", "b", "e", "f"};
  return {one, two};
}

TEST(ReadFoldFile, WithoutAContextColumnConcernsEveryContext) {
  TemporaryFolder folder;
  std::vector<std::string> notes;
  const auto path = folder.write("folds.csv", "pert_id,test_split\na,0\nb,1\nc,0\nd,1\ne,0\nf,1\nz,1\n");
  const auto labels = read_fold_file(path, two_contexts(), std::nullopt, {}, &notes);
  ASSERT_TRUE(labels.has_value()) << labels.error().line();
  EXPECT_THAT(labels->labels.at(0), ElementsAre("0", "1", "0", "1"));
  EXPECT_THAT(labels->labels.at(1), ElementsAre("0", "1", "0", "1"));
  ASSERT_EQ(notes.size(), 1u) << "z is not in the task";
}

TEST(ReadFoldFile, WithAContextColumnConcernsThatContextAlone) {
  TemporaryFolder folder;
  std::vector<std::string> notes;
  const auto path = folder.write("folds.csv",
                                 "context,test_split,pert_id\none,0,a\none,1,b\none,0,c\none,1,d\n"
                                 "two,1,a\ntwo,0,b\ntwo,1,e\ntwo,0,f\n");
  const auto labels = read_fold_file(path, two_contexts(), std::nullopt, {}, &notes);
  ASSERT_TRUE(labels.has_value()) << labels.error().line();
  EXPECT_THAT(labels->labels.at(0), ElementsAre("0", "1", "0", "1"));
  EXPECT_THAT(labels->labels.at(1), ElementsAre("1", "0", "1", "0"));
}

TEST(ReadFoldFile, RefusesTwoFoldsForOnePerturbationAndAMissingColumn) {
  TemporaryFolder folder;
  std::vector<std::string> notes;
  const auto twice = folder.write("twice.csv", "pert_id,test_split\na,0\na,1\n");
  const auto refused = read_fold_file(twice, two_contexts(), std::nullopt, {}, &notes);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().line(), HasSubstr("perturbation 'a' is in folds '0' and '1'"));
  const auto columnless = folder.write("columnless.csv", "pert_id,other\na,0\n");
  EXPECT_FALSE(read_fold_file(columnless, two_contexts(), std::nullopt, {}, &notes).has_value());
}

TEST(ReadFoldFile, FindsAJoinedPerturbationByEverySpelling) {
  TemporaryFolder folder;
  std::vector<std::string> notes;
  LabelOptions merging;
  merging.merge = true;
  TaskContext context;
  context.pert_ids = {"A+ctrl", "B+C", "d"};
  const auto path = folder.write("folds.csv", "pert_id,test_split\nctrl+A,0\nA,0\nC_B,1\nD,1\n");
  const auto labels = read_fold_file(path, {context}, std::nullopt, merging, &notes);
  ASSERT_TRUE(labels.has_value()) << labels.error().line();
  EXPECT_THAT(labels->labels.at(0), ElementsAre("0", "1", "1"));
  EXPECT_FALSE(read_fold_file(path, {context}, std::nullopt, {}, &notes)) << "without the flag an id is an id";
  const auto torn = folder.write("torn.csv", "pert_id,test_split\nctrl+A,0\nA+ctrl,1\nB+C,1\nd,1\n");
  const auto refused = read_fold_file(torn, {context}, std::nullopt, merging, &notes);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().line(), HasSubstr("is in folds '0' and '1'"));
}

TEST(MakeFoldLabels, FollowTheProtocolsKFoldInEachContext) {
  std::vector<TaskContext> contexts = two_contexts();
  for (int i = 0; i < 7; ++i) contexts[0].pert_ids.push_back("x" + std::to_string(i));
  const auto labels = make_fold_labels(contexts, {}, 2, 42, false, "task.h5ad");
  ASSERT_TRUE(labels.has_value()) << labels.error().line();
  for (std::size_t c = 0; c < contexts.size(); ++c) {
    const auto folds = kfold_test_rows(contexts[c].pert_ids.size(), 2, 42);
    for (std::size_t f = 0; f < folds.size(); ++f) {
      for (const std::int32_t row : folds[f]) {
        EXPECT_EQ(labels->labels.at(c)[static_cast<std::size_t>(row)], std::to_string(f));
      }
    }
  }
}

TEST(MakeFoldLabels, RefuseFoldsThatCannotBeTested) {
  EXPECT_FALSE(make_fold_labels(two_contexts(), {}, 1, 42, false, "task.h5ad").has_value());
  EXPECT_FALSE(make_fold_labels(two_contexts(), {}, 3, 42, false, "task.h5ad").has_value())
      << "4 perturbations in 3 folds";
}

Result<NumberedFolds> numbered(const FoldLabels& labels, bool unlabelled_is_training = false) {
  FoldReading reading;
  reading.labels = labels;
  reading.unlabelled_is_training = unlabelled_is_training;
  return number_folds(reading, two_contexts(), "task.h5ad");
}

TEST(NumberFolds, OrdersNamesAsNumbersWhereAllAre) {
  const auto folds = numbered({{"10", "2", "10", "2"}, {"2", "2", "10", "10"}});
  ASSERT_TRUE(folds.has_value()) << folds.error().line();
  EXPECT_THAT(folds->names, ElementsAre("2", "10"));
  EXPECT_THAT(folds->fold_of_row.at(0), ElementsAre(1, 0, 1, 0));
  EXPECT_THAT(folds->fold_of_row.at(1), ElementsAre(0, 0, 1, 1));
}

TEST(NumberFolds, RefuseAPerturbationWithoutOneUnlessItIsTraining) {
  const FoldLabels labels = {{"0", "", "0", ""}, {"0", "0", "", ""}};
  EXPECT_FALSE(numbered(labels).has_value());
  const auto folds = numbered(labels, true);
  ASSERT_TRUE(folds.has_value()) << folds.error().line();
  EXPECT_THAT(folds->fold_of_row.at(0), ElementsAre(0, TaskContext::kInNoFold, 0, TaskContext::kInNoFold));
}

TEST(NumberFolds, RefuseAFoldOfOneAndOneWithoutTraining) {
  EXPECT_FALSE(numbered({{"0", "0", "0", "1"}, {"0", "0", "1", "1"}}).has_value());
  EXPECT_FALSE(numbered({{"0", "0", "0", "0"}, {"0", "0", "0", "0"}}).has_value()) << "none to train on";
}

TEST(MadeFolds, AreTheSameEverywhereWhereTheyAreShared) {
  std::vector<TaskContext> contexts(2);
  contexts[0].name = "A";
  contexts[0].pert_ids = {"a", "b", "c", "d", "e", "f", "g"};
  contexts[1].name = "B";
  contexts[1].pert_ids = {"c", "d", "e", "f", "g", "h", "i"};
  const auto shared = make_fold_labels(contexts, {}, 3, 42, true, "task.h5ad");
  ASSERT_TRUE(shared) << shared.error().line();
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(shared->labels[0][i + 2], shared->labels[1][i]) << i;
  const auto apart = make_fold_labels(contexts, {}, 3, 42, false, "task.h5ad");
  bool any_differs = false;
  for (std::size_t i = 0; i < 5; ++i) any_differs = any_differs || apart->labels[0][i + 2] != apart->labels[1][i];
  EXPECT_TRUE(any_differs);
}

}  // namespace fold_assignment_test
}  // namespace headroom
