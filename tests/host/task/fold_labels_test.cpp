#include "task/fold_labels.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/io/temporary_folder.hpp"
#include "host/task/task_file.hpp"
#include "io/atomic_file.hpp"
#include "task/fold_assignment.hpp"

namespace headroom {
namespace fold_labels_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TaskFile;
using testing::TemporaryFolder;
using testing::Texts;

std::vector<TaskContext> one_context(std::size_t n) {
  std::vector<TaskContext> contexts(1);
  contexts[0].name = "all";
  for (std::size_t i = 0; i < n; ++i) contexts[0].pert_ids.push_back(std::string(1, static_cast<char>('a' + i)));
  return contexts;
}

Result<FoldReading> read_one(const Texts& labels, const FoldRule& rule = {}) {
  return read_fold_labels({{"split"}, {{labels}}, "file"}, one_context(labels.size()), rule);
}

TEST(FoldLabels, WholeNumbersAreOneFoldHoweverTheyAreWritten) {
  const auto folds = read_one({"0.0", "0", "1.0", "1"});
  ASSERT_TRUE(folds);
  EXPECT_THAT(folds->labels[0], ElementsAre("0", "0", "1", "1"));
  EXPECT_THAT(folds->split_words, IsEmpty());
  EXPECT_THAT(read_one({"0.5", "1", "0.5", "1"})->labels[0], ElementsAre("0.5", "1", "0.5", "1"));
}

TEST(FoldLabels, WordsOfASplitAreNotFolds) {
  EXPECT_THAT(read_one({"train", "train", "train", "val", "test", "test"})->split_words,
              ElementsAre("train (3)", "test (2)", "val (1)"));
  EXPECT_THAT(read_one({"Training", "Held-out"})->split_words, ElementsAre("Held-out (1)", "Training (1)"));
  EXPECT_THAT(read_one({"True", "False", "False"})->split_words, ElementsAre("False (2)", "True (1)"));
  EXPECT_THAT(read_one({"train", "dev", "unassigned"})->split_words.size(), 3u);
  EXPECT_THAT(read_one({"train_set", "Testset"})->split_words.size(), 2u);
  EXPECT_THAT(read_one({"Training set", "Validation set", "Test set"})->split_words.size(), 3u);
  EXPECT_THAT(read_one({"1-train", "2-val", "3-test"})->split_words.size(), 3u);
  EXPECT_THAT(read_one({"in_train", "in_test"})->split_words.size(), 2u);
  EXPECT_THAT(read_one({"train", "eval"})->split_words.size(), 2u);
  EXPECT_THAT(read_one({"fold_a", "fold_b", "set1", "data2"})->split_words, IsEmpty());
  EXPECT_THAT(read_one({"A", "B"})->split_words, IsEmpty());
  EXPECT_THAT(read_one({"test_a", "test_b"})->split_words, IsEmpty());
  EXPECT_THAT(read_one({"0", "1"})->split_words, IsEmpty());
}

TEST(FoldLabels, ATestValueIsTheOnlyFold) {
  const auto folds = read_one({"train", "Test", "val", "Test", ""}, {"test", {}});
  ASSERT_TRUE(folds) << folds.error().line();
  EXPECT_THAT(folds->labels[0], ElementsAre("", "Test", "", "Test", ""));
  EXPECT_TRUE(folds->unlabelled_is_training);
  EXPECT_THAT(folds->split_words, IsEmpty());
  EXPECT_THAT(read_one({"0.0", ""}, {"0", {}})->labels[0], ElementsAre("0", ""));
  EXPECT_THAT(read_one({"0", "1"}, {"0.0", {}})->labels[0], ElementsAre("0", ""));
  const auto absent = read_one({"train", "test"}, {"ood", {}});
  ASSERT_FALSE(absent);
  EXPECT_THAT(absent.error().line(), HasSubstr("no perturbation has 'ood' in column 'split' (file)"));
  EXPECT_THAT(absent.error().line(), HasSubstr("test (1), train (1)"));

  const auto again = read_one({"train", "0", "1", "train"}, {{}, "train"});
  EXPECT_THAT(again->labels[0], ElementsAre("", "0", "1", ""));
  EXPECT_THAT(again->split_words, IsEmpty());
}

TEST(FoldLabels, FindsNumberedColumns) {
  EXPECT_THAT(numbered_fold_columns({"x", "fold_10", "fold_2", "fold", "fold_x"}), ElementsAre("fold_2", "fold_10"));
  EXPECT_THAT(numbered_fold_columns({"split0", "split1"}), ElementsAre("split0", "split1"));
  EXPECT_THAT(numbered_fold_columns({"fold_0", "manifold_1", "folder_2"}), IsEmpty());
}

TEST(FoldLabels, SeveralColumnsTellEachTheirTests) {
  const auto contexts = one_context(4);
  const Texts first{"test", "train", "train", "val"}, second{"train", "test", "test", "train"};
  const auto folds = read_fold_labels({{"fold_0", "fold_1"}, {{first}, {second}}, "file"}, contexts);
  ASSERT_TRUE(folds) << folds.error().line();
  EXPECT_THAT(folds->labels[0], ElementsAre("0", "1", "1", ""));
  EXPECT_TRUE(folds->unlabelled_is_training);
  const Texts flags{"True", "False", "False", "False"}, numbers{"0", "1.0", "1", "0"};
  EXPECT_THAT(read_fold_labels({{"fold_0", "fold_1"}, {{flags}, {numbers}}, "file"}, contexts)->labels[0],
              ElementsAre("0", "1", "1", ""));

  const auto twice = read_fold_labels({{"fold_0", "fold_1"}, {{first}, {first}}, "file"}, contexts);
  ASSERT_FALSE(twice);
  EXPECT_THAT(twice.error().line(), HasSubstr("'a' is tested in folds 0 and 1"));
  const auto none = read_fold_labels({{"fold_0", "fold_1"}, {{first}, {{"A", "B", "A", "B"}}}, "file"}, contexts);
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().line(), HasSubstr("A (2), B (2)"));
}

TaskFile six_rows() {
  TaskFile file;
  for (int i = 0; i < 6; ++i) file.row_names.push_back("p" + std::to_string(i));
  return file;
}

TEST(ReadTask, TestsOneWordOfASplit) {
  const TemporaryFolder folder;
  TaskFile file = six_rows();
  file.obs.push_back({"split", Texts{"train", "test", "val", "test", "train", "val"}, {}, true});
  TaskOptions options;
  options.test_value = "test";
  const auto task = read_task(file.write(folder / "t.h5ad"), options);
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_THAT(task->fold_names, ElementsAre("test"));
  EXPECT_THAT(task->contexts[0].fold_of_row, ElementsAre(-1, 0, -1, 0, -1, -1));
  EXPECT_EQ(task->columns.fold_source, "column 'split', of which 'test' is tested");
}

TEST(ReadTask, ReadsColumnsOfOneFoldEach) {
  const TemporaryFolder folder;
  TaskFile file = six_rows();
  file.obs.push_back({"fold_0", Texts{"test", "test", "train", "train", "train", "train"}, {}, true});
  file.obs.push_back({"fold_1", std::vector<bool>{false, false, true, true, false, false}, {}, false});
  const auto task = read_task(file.write(folder / "t.h5ad"), {});
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_THAT(task->fold_names, ElementsAre("0", "1"));
  EXPECT_THAT(task->contexts[0].fold_of_row, ElementsAre(0, 0, 1, 1, -1, -1));

  // The same in a table.
  file.obs.clear();
  const auto csv = folder / "folds.csv";
  ASSERT_TRUE(write_file_atomically(csv,
                                    "condition,fold_0,fold_1\np0,test,train\np1,test,train\np2,train,test\n"
                                    "p3,train,test\np4,train,train\np5,train,train\n"));
  TaskOptions options;
  options.fold_file = csv;
  const auto by_file = read_task(file.write(folder / "u.h5ad"), options);
  ASSERT_TRUE(by_file) << by_file.error().line();
  EXPECT_EQ(by_file->contexts[0].fold_of_row, task->contexts[0].fold_of_row);
}

TEST(ReadTask, ReadsDeltasOfALayer) {
  const TemporaryFolder folder;
  TaskFile file = six_rows();
  const auto path = file.write(folder / "t.h5ad");
  TaskOptions options;
  options.n_folds = 2;
  options.layer = "lfc";
  const auto task = read_task(path, options);
  ASSERT_FALSE(task);
  EXPECT_THAT(task.error().line(), HasSubstr("'layers/lfc' is missing"));
  options.layer = "X";
  EXPECT_TRUE(read_task(path, options));
}

}  // namespace fold_labels_test
}  // namespace headroom
