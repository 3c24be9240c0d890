// What is doubtful about a task of deltas, and the flags that answer it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/io/temporary_folder.hpp"
#include "host/task/task_file.hpp"
#include "task/task.hpp"

namespace headroom {
namespace task_review_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Integers;
using ::testing::IsEmpty;
using testing::TaskFile;
using testing::TemporaryFolder;
using testing::Texts;

TaskFile with_perturbations(const Texts& labels) {
  TaskFile file;
  for (std::size_t i = 0; i < labels.size(); ++i) file.row_names.push_back("row" + std::to_string(i));
  file.obs.push_back({"pert_id", labels, {}, true});
  return file;
}

struct Read {
  Result<Task> task;
  Review review;
};

Read read(const TaskFile& file, const TaskOptions& options = {}, const ReviewOptions& review = {}) {
  const TemporaryFolder folder;
  Read out{Task{}, Review(review)};
  out.task = read_task(file.write(folder / "t.h5ad"), options, out.review);
  return out;
}

std::vector<std::string> codes(const Read& read) {
  std::vector<std::string> found;
  for (const Doubt& doubt : read.review.doubts()) found.push_back(doubt.code);
  return found;
}

TaskOptions two_folds() {
  TaskOptions options;
  options.n_folds = 2;
  return options;
}

TEST(TaskReview, ControlsAreNoPerturbations) {
  const TaskFile file = with_perturbations({"a", "b", "c", "d", "Non-Targeting", "NTC_1", "NT5E"});
  const Read doubtful = read(file, two_folds());
  EXPECT_THAT(codes(doubtful), ElementsAre("labels.like_control"));
  EXPECT_FALSE(doubtful.review.settle());
  TaskOptions options = two_folds();
  options.labels.controls = {"Non-Targeting", "NTC*"};
  const Read answered = read(file, options);
  ASSERT_TRUE(answered.task) << answered.task.error().line();
  EXPECT_THAT(codes(answered), IsEmpty());
  EXPECT_THAT(answered.task->contexts[0].pert_ids, ElementsAre("NT5E", "a", "b", "c", "d"));
  options.labels.controls = {"Non-Targeting"};
  EXPECT_THAT(codes(read(file, options)), ElementsAre("labels.like_control")) << "a flag answers for no other label";
}

TEST(TaskReview, SpellingsOfOnePerturbationAreJoined) {
  TaskFile file = with_perturbations({"A+ctrl", "B+ctrl", "ctrl+A", "C+ctrl", "D+E"});
  file.obs.push_back({"n_cells", Integers{30, 1, 10, 1, 1}, {}, false});
  EXPECT_THAT(codes(read(file, two_folds())), ElementsAre("labels.same_perturbation"));
  TaskOptions options = two_folds();
  options.labels.merge = true;
  Read joined = read(file, options);
  ASSERT_TRUE(joined.task) << joined.task.error().line();
  EXPECT_THAT(codes(joined), IsEmpty());
  const TaskContext& context = joined.task->contexts[0];
  EXPECT_THAT(context.pert_ids, ElementsAre("A+ctrl", "B+ctrl", "C+ctrl", "D+E"));
  // Row 0 weighs 30, row 2 weighs 10; delta(i, j) = 100 i + j.
  EXPECT_DOUBLE_EQ(context.deltas(0, 1), 51);
  EXPECT_DOUBLE_EQ(context.deltas(1, 1), 101);

  file.obs.pop_back();
  joined = read(file, options);
  EXPECT_DOUBLE_EQ(joined.task->contexts[0].deltas(0, 0), 100) << "without n_cells each row weighs the same";

  file.obs.push_back({"fold", Integers{0, 1, 1, 0, 0}, {}, false});
  options.n_folds.reset();
  EXPECT_THAT(read(file, options).task.error().line(),
              HasSubstr("spellings of perturbation 'A+ctrl' are in different folds"));
}

TEST(TaskReview, DosesAreToldApartOrOneIsKept) {
  TaskFile file = with_perturbations({"a", "a", "b", "b", "c", "c", "d", "d", "DMSO"});
  file.obs.push_back({"dose_uM", Integers{1, 10, 1, 10, 1, 10, 1, 10, 0}, {}, false});
  const Read doubtful = read(file, two_folds());
  EXPECT_FALSE(doubtful.task);
  EXPECT_THAT(codes(doubtful), ElementsAre("labels.like_control", "rows.conditions_merged"));
  TaskOptions options = two_folds();
  options.labels.controls = {"DMSO"};
  EXPECT_THAT(read(file, options).task.error().line(), HasSubstr("--pert-col pert_id,dose_uM"));

  options.where = {{"dose_uM", "10.0"}};
  const Read kept = read(file, options);
  ASSERT_TRUE(kept.task) << kept.task.error().line();
  EXPECT_THAT(kept.task->contexts[0].pert_ids, ElementsAre("a", "b", "c", "d"));
  EXPECT_DOUBLE_EQ(kept.task->contexts[0].deltas(1, 0), 300);
  EXPECT_THAT(kept.task->notes, ::testing::Contains(HasSubstr("4 rows that --where leaves out")));
  EXPECT_THAT(kept.task->columns.delta_source, HasSubstr("rows where dose_uM = 10.0"));

  options.where.clear();
  options.pert_column = "pert_id,dose_uM";
  const Read apart = read(file, options);
  ASSERT_TRUE(apart.task) << apart.task.error().line();
  EXPECT_THAT(codes(apart), IsEmpty());
  EXPECT_THAT(apart.task->contexts[0].pert_ids,
              ElementsAre("a_1", "a_10", "b_1", "b_10", "c_1", "c_10", "d_1", "d_10"));

  options.where = {{"dose_uM", "5"}};
  EXPECT_THAT(read(file, options).task.error().line(), HasSubstr("no row has '5' in column 'dose_uM'"));
}

TEST(TaskReview, WordsOfASplitAreNoFolds) {
  TaskFile file = with_perturbations({"a", "b", "c", "d", "e", "f"});
  file.obs.push_back({"split", Texts{"train", "train", "val", "val", "test", "test"}, {}, true});
  const Read doubtful = read(file);
  ASSERT_THAT(codes(doubtful), ElementsAre("folds.words"));
  EXPECT_THAT(doubtful.review.doubts()[0].remedy, HasSubstr("--test-value test"));
  TaskOptions options;
  options.test_value = "test";
  EXPECT_THAT(codes(read(file, options)), IsEmpty());
  const Read accepted = read(file, {}, {{"folds.words"}, false});
  ASSERT_TRUE(accepted.task);
  EXPECT_TRUE(accepted.review.settle());
  EXPECT_THAT(accepted.task->fold_names, ElementsAre("test", "train", "val"));
}

TEST(TaskReview, RowNumbersAreNoGenes) {
  TaskFile file = with_perturbations({"0", "1", "2", "7"});
  file.gene_names = {"0", "1", "2"};
  EXPECT_THAT(codes(read(file, two_folds())), ElementsAre("genes.ids_by_chance"));
  file.gene_names = {"7157", "2", "1"};
  EXPECT_THAT(codes(read(file, two_folds())), IsEmpty()) << "Entrez ids";
  file.gene_names = {"G1", "G2", "G3"};
  EXPECT_THAT(codes(read(file, two_folds())), IsEmpty());
}

TEST(TaskReview, TargetsAreFoundThroughTheirSpelling) {
  TaskFile file = with_perturbations({"ABC1+ctrl", "sgABC2", "x", "y"});
  file.gene_names = {"ABC1", "ABC2", "ABC3"};
  const Read doubtful = read(file, two_folds());
  ASSERT_TRUE(doubtful.task);
  EXPECT_THAT(codes(doubtful), ElementsAre("genes.target_unknown"));
  EXPECT_TRUE(doubtful.review.settle()) << "it is noted";
  EXPECT_EQ(doubtful.task->contexts[0].target_gene[0], 0);
  EXPECT_EQ(doubtful.task->contexts[0].target_gene[1], std::nullopt);
  file.obs.push_back({"gene", Texts{"ABC1", "ABC2", "", "ABC3"}, {}, true});
  TaskOptions options = two_folds();
  options.target_column = "gene";
  const Read answered = read(file, options);
  EXPECT_THAT(codes(answered), IsEmpty());
  EXPECT_EQ(answered.task->contexts[0].target_gene[1], 1);
  EXPECT_EQ(answered.task->contexts[0].target_gene[3], 2);
}

}  // namespace task_review_test
}  // namespace headroom
