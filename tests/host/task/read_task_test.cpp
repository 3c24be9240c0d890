#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "host/io/temporary_folder.hpp"
#include "host/task/task_file.hpp"
#include "io/column_names.hpp"
#include "io/delimited.hpp"
#include "io/h5ad.hpp"
#include "io/sha256.hpp"
#include "protocol/kfold.hpp"
#include "task/task.hpp"

namespace headroom {
namespace read_task_test {

using testing::bare;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Integers;
using ::testing::IsEmpty;
using testing::TaskFile;
using testing::TemporaryFolder;
using testing::Texts;
using testing::two_contexts;

std::string message_of(const Result<Task>& task) {
  if (task) return "no error";
  EXPECT_EQ(task.error().kind, ErrorKind::bad_input);
  return task.error().line();
}

// The error of a task file read with default options.
std::string message_of(const TaskFile& file, const TaskOptions& options = {}) {
  const TemporaryFolder folder;
  return message_of(read_task(file.write(folder / "t.h5ad"), options));
}

// The control's expression is kept in var, under a name that an h5ad can hold.
TEST(ReadTask, ReadsTheControlProfileOfEachContext) {
  const TemporaryFolder folder;
  TaskFile file = two_contexts();
  file.obs[1].values = Texts{"a/b%", "L1", "a/b%", "L1", "a/b%", "L1", "a/b%", "L1"};
  file.var.push_back({control_profile_column("a/b%"), std::vector<double>{1, 2.5, 0}, {}, false});
  EXPECT_EQ(file.var.back().name, "control_profile:a%2Fb%25");
  const auto task = read_task(file.write(folder / "t.h5ad"), {});
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_FALSE(task->contexts[0].control_profile);
  ASSERT_TRUE(task->contexts[1].control_profile);
  EXPECT_THAT(*task->contexts[1].control_profile, ElementsAre(1, 2.5, 0));
  EXPECT_EQ(task->columns.gene_source, "index");

  file.var.back().values = std::vector<double>{1, std::numeric_limits<double>::quiet_NaN(), 0};
  EXPECT_THAT(message_of(file), HasSubstr("no finite numbers"));
  file.var.back().values = Texts{"1", "2", "3"};
  EXPECT_THAT(message_of(file), HasSubstr("no finite numbers"));
}

TEST(ReadTask, LeavesTheDeltasForLater) {
  const TemporaryFolder folder;
  const auto path = two_contexts().write(folder / "t.h5ad");
  const auto whole = read_task(path, {});
  auto task = read_task(path, {}, TaskParts::all_but_deltas);
  ASSERT_TRUE(whole && task);
  EXPECT_EQ(task->sha256, whole->sha256);
  EXPECT_EQ(task->fold_names, whole->fold_names);
  EXPECT_EQ(task->gene_ids, whole->gene_ids);
  ASSERT_EQ(task->contexts.size(), 2u);
  for (std::size_t c = 0; c < 2; ++c) {
    EXPECT_EQ(task->contexts[c].deltas.size(), 0);
    EXPECT_EQ(task->contexts[c].pert_ids, whole->contexts[c].pert_ids);
    EXPECT_EQ(task->contexts[c].fold_of_row, whole->contexts[c].fold_of_row);
  }
  ASSERT_TRUE(read_deltas(&*task, {}));
  for (std::size_t c = 0; c < 2; ++c) EXPECT_EQ(task->contexts[c].deltas, whole->contexts[c].deltas);

  TaskFile other = two_contexts();
  other.deltas = Matrix::Zero(8, 3);
  other.write(path);
  const auto changed = read_deltas(&*task, {});
  ASSERT_FALSE(changed);
  EXPECT_THAT(changed.error().line(), HasSubstr("the task changed while it was read"));
}

TEST(ReadTask, SortsContextsPerturbationsAndFolds) {
  const TemporaryFolder folder;
  const auto path = two_contexts().write(folder / "screen.h5ad");
  const auto task = read_task(path, {});
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_EQ(task->name, "screen");
  EXPECT_EQ(task->path, path.string());
  EXPECT_EQ(task->sha256, *sha256_of_file(path));
  EXPECT_EQ(task->n_rows_read, 8);
  EXPECT_THAT(task->fold_names, ElementsAre("9", "10"));
  ASSERT_EQ(task->contexts.size(), 2u);
  const TaskContext& first = task->contexts[0];
  EXPECT_EQ(first.name, "L1");
  EXPECT_THAT(first.pert_ids, ElementsAre("G1", "G2", "a", "b"));
  EXPECT_THAT(first.fold_of_row, ElementsAre(1, 0, 1, 0));
  Matrix expected(4, 3);
  expected << 300, 301, 302, 700, 701, 702, 500, 501, 502, 100, 101, 102;
  EXPECT_EQ(first.deltas, expected);
  EXPECT_THAT(task->contexts[1].fold_of_row, ElementsAre(0, 1, 0, 1));
  EXPECT_EQ(task->columns.pert_column, "pert_id");
  EXPECT_EQ(task->columns.context_column, "cell_line");
  EXPECT_EQ(task->columns.fold_column, "test_split");
  EXPECT_EQ(task->columns.gene_source, "index");
  EXPECT_EQ(task->n_perturbations, 4);
  EXPECT_EQ(task->n_measured_perturbations, 2);
  EXPECT_TRUE(task->perturbations_are_genes);
  EXPECT_THAT(task->notes, IsEmpty());
}

TEST(ReadTask, KeepsChosenContexts) {
  const TemporaryFolder folder;
  const auto path = two_contexts().write(folder / "t.h5ad");
  TaskOptions options;
  options.contexts = {"L2"};
  const auto task = read_task(path, options);
  ASSERT_TRUE(task) << task.error().line();
  ASSERT_EQ(task->contexts.size(), 1u);
  EXPECT_EQ(task->contexts[0].name, "L2");
  EXPECT_EQ(task->contexts[0].deltas(3, 0), 600.0);
  options.contexts = {"L2", "L9"};
  EXPECT_THAT(message_of(read_task(path, options)), HasSubstr("no context 'L9'"));
  EXPECT_THAT(message_of(read_task(path, options)), HasSubstr("its contexts are: L1, L2"));
}

TEST(ReadTask, RowNamesAndMadeFoldsStandInForColumns) {
  const TemporaryFolder folder;
  TaskFile file = bare();
  for (int i = 0; i < 6; ++i) file.row_names.push_back("g" + std::to_string(i));
  const auto task = read_task(file.write(folder / "t.h5ad"), {});
  ASSERT_TRUE(task) << task.error().line();
  ASSERT_EQ(task->contexts.size(), 1u);
  EXPECT_EQ(task->contexts[0].name, kSingleContext);
  EXPECT_EQ(task->contexts[0].pert_ids.front(), "a");
  EXPECT_EQ(task->columns.pert_column, "index");
  EXPECT_EQ(task->columns.context_column, "");
  EXPECT_EQ(task->columns.fold_source, "5 folds, shuffled, seed 42");
  EXPECT_EQ(task->notes.size(), 2u);
  EXPECT_FALSE(task->perturbations_are_genes);
  const auto folds = kfold_test_rows(12, 5, 42);
  for (std::size_t fold = 0; fold < 5; ++fold) {
    for (const std::int32_t row : folds[fold]) {
      EXPECT_EQ(task->contexts[0].fold_of_row[static_cast<std::size_t>(row)], static_cast<std::int32_t>(fold));
    }
  }
}

TEST(ReadTask, MakesFoldsAsAsked) {
  const TemporaryFolder folder;
  const auto path = bare().write(folder / "t.h5ad");
  TaskOptions options;
  options.n_folds = 3;
  options.fold_seed = 7;
  const auto task = read_task(path, options);
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_THAT(task->fold_names, ElementsAre("0", "1", "2"));
  EXPECT_EQ(task->notes.size(), 1u);  // of the row names; the folds were asked for
  const auto folds = kfold_test_rows(6, 3, 7);
  for (const std::int32_t row : folds[1]) {
    EXPECT_EQ(task->contexts[0].fold_of_row[static_cast<std::size_t>(row)], 1);
  }
  options.n_folds = 4;
  EXPECT_THAT(message_of(read_task(path, options)), HasSubstr("6 perturbations, too few for 4 folds"));
  options.n_folds = 1;
  EXPECT_THAT(message_of(read_task(path, options)), HasSubstr("give 2 or more"));
  options.n_folds = 2;
  options.fold_column = "x";
  EXPECT_THAT(message_of(read_task(path, options)), HasSubstr("more than one way"));
}

TEST(ReadTask, ReadsAFolder) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "my screen");
  two_contexts().write(folder / "my screen" / "task.h5ad");
  EXPECT_EQ(read_task(folder / "my screen", {})->name, "my screen");
  EXPECT_EQ(read_task((folder / "my screen").string() + "/", {})->name, "my screen");
  EXPECT_THAT(message_of(read_task(folder.path(), {})), HasSubstr("task.h5ad"));
}

TEST(ReadTask, LeavesControlsOut) {
  const TemporaryFolder folder;
  TaskFile file = two_contexts();
  file.row_names.push_back("control");
  std::get<Texts>(file.obs[0].values).push_back("non-targeting");
  std::get<Texts>(file.obs[1].values).push_back("L1");
  file.obs[2] = {"test_split", Texts{"10", "9", "9", "10", "9", "10", "10", "9", ""}, {}, true};
  std::vector<bool> control(9, false);
  control[8] = true;
  file.obs.push_back({"is_control", control, {}, false});
  const auto task = read_task(file.write(folder / "t.h5ad"), {});
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_EQ(task->n_rows_read, 9);
  EXPECT_EQ(task->contexts[0].pert_ids.size(), 4u);
  EXPECT_THAT(task->notes, ElementsAre(HasSubstr("1 control row")));
  file.obs.back() = {"is_control", Texts(9, "perhaps"), {}, false};
  EXPECT_THAT(message_of(file), HasSubstr("'perhaps'"));
}

TEST(ReadTask, TakesTheGeneColumnThatMatchesMost) {
  const TemporaryFolder folder;
  TaskFile file = two_contexts();
  file.var.push_back({"symbol", Texts{"a", "b", "G1"}, {}, false});
  file.var.push_back({"length", Integers{1, 2, 3}, {}, false});
  const auto path = file.write(folder / "t.h5ad");
  auto task = read_task(path, {});
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_EQ(task->columns.gene_source, "symbol");
  EXPECT_THAT(task->gene_ids, ElementsAre("a", "b", "G1"));
  EXPECT_EQ(task->n_measured_perturbations, 3);
  TaskOptions options;
  options.gene_column = "index";
  task = read_task(path, options);
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_THAT(task->gene_ids, ElementsAre("G1", "G2", "G3"));
  options.gene_column = "nothing";
  EXPECT_THAT(message_of(read_task(path, options)), HasSubstr("the columns are: symbol, length"));
}

TEST(ReadTask, RepeatedGenesAreNoted) {
  const TemporaryFolder folder;
  TaskFile file = two_contexts();
  file.gene_names = {"G1", "G1", "G2"};
  const auto task = read_task(file.write(folder / "t.h5ad"), {});
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_THAT(task->notes, ElementsAre(HasSubstr("1 gene ids repeat")));
}

TEST(ReadTask, FoldFileServesAllContextsOrEachItsOwn) {
  const TemporaryFolder folder;
  const auto path = two_contexts().write(folder / "t.h5ad");
  TaskOptions options;
  options.fold_file = folder.write("folds.csv", "pert_id,test_split\nG1,x\nG2,x\na,y\nb,y\nextra,y\n");
  auto task = read_task(path, options);
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_THAT(task->fold_names, ElementsAre("x", "y"));
  EXPECT_THAT(task->contexts[0].fold_of_row, ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(task->contexts[1].fold_of_row, ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(task->notes, ElementsAre(HasSubstr("1 line of")));

  folder.write("folds.csv",
               "context,test_split,pert_id\nL1,0,G1\nL1,0,G2\nL1,1,a\nL1,1,b\nL2,1,G1\nL2,0,G2\nL2,1,a\nL2,0,b\n");
  task = read_task(path, options);
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_THAT(task->contexts[0].fold_of_row, ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(task->contexts[1].fold_of_row, ElementsAre(1, 0, 1, 0));

  const auto message = [&](const std::string& text) {
    folder.write("folds.csv", text);
    return message_of(read_task(path, options));
  };
  EXPECT_THAT(message("pert_id,test_split\nG1,x\nG2,x\n"),
              HasSubstr("4 perturbations of the task have no fold: a in L1, b in L1, a in L2, b in L2"));
  EXPECT_THAT(message("pert_id,test_split\nG1,x\nG1,y\n"), HasSubstr("is in folds 'x' and 'y'"));
  EXPECT_THAT(message("pert_id,test_split\nG1,x\nG2,\n"), HasSubstr("line 3"));
  EXPECT_THAT(message("pert_id,where\nG1,x\n"), HasSubstr("column 'test_split' is missing"));
  EXPECT_THAT(message("id,test_split\nG1,x\n"), HasSubstr("column 'pert_id' is missing"));
}

TEST(ReadTask, NamesWhatIsWrong) {
  TaskFile file = two_contexts();
  TaskOptions options;
  options.pert_column = "gene";
  EXPECT_THAT(message_of(file, options), HasSubstr("the columns are: pert_id, cell_line, test_split"));
  options = {};
  options.context_column = "tissue";
  EXPECT_THAT(message_of(file, options), HasSubstr("column 'tissue' is missing"));
  options = {};
  options.fold_column = "part";
  EXPECT_THAT(message_of(file, options), HasSubstr("column 'part' is missing"));

  std::get<Texts>(file.obs[0].values)[7] = "a";
  EXPECT_THAT(message_of(file), HasSubstr("perturbation 'a' is there twice in context 'L1' (rows 6 and 8)"));

  file = two_contexts();
  file.obs[0].present = {true, true, true, false, true, true, true, true};
  EXPECT_THAT(message_of(file), HasSubstr("row 4 has no value in column 'pert_id'"));

  file = two_contexts();
  file.obs[2].present = {true, true, true, true, true, false, true, true};
  EXPECT_THAT(message_of(file), HasSubstr("perturbation 'a' of context 'L1' has no fold"));

  file = two_contexts();
  file.obs[2].values = Integers(8, 1);
  EXPECT_THAT(message_of(file), HasSubstr("fold '1' of context 'L1' leaves no perturbation to train on"));
  file.obs[2].values = Integers{1, 1, 1, 1, 1, 2, 2, 1};
  EXPECT_THAT(message_of(file), HasSubstr("fold '2' of context 'L1' has one test perturbation"));
  file.obs[2].values = Integers{1, 1, 1, 2, 2, 2, 2, 3};
  EXPECT_THAT(message_of(file), HasSubstr("context 'L1' has"));

  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), -std::numeric_limits<double>::infinity()}) {
    file = two_contexts();
    file.deltas = Matrix::Ones(8, 3);
    file.deltas(6, 1) = bad;
    EXPECT_THAT(message_of(file), HasSubstr("the delta of perturbation 'b' in context 'L2' is"));
    EXPECT_THAT(message_of(file), HasSubstr("for gene 'G2'"));
  }

  file = bare();
  file.row_names.clear();
  EXPECT_THAT(message_of(file), HasSubstr("no perturbations"));
  file = two_contexts();
  file.gene_names.clear();
  EXPECT_THAT(message_of(file), HasSubstr("no genes"));
  EXPECT_THAT(message_of(read_task("absent.h5ad", {})), HasSubstr("absent.h5ad"));
}

// The oracle's deltas: both designs, folds from its file.
TEST(ReadTask, ReadsTheOracleTask) {
  const std::filesystem::path screen = std::filesystem::path(HEADROOM_SHARED_DIR) / "golden" / "small";
  if (!std::filesystem::exists(screen)) GTEST_SKIP() << "no oracle data at " << screen;
  TaskOptions options;
  options.fold_file = screen / "folds.csv";
  const auto by_file = read_task(screen / "pseudobulk_global.h5ad", options);
  ASSERT_TRUE(by_file) << by_file.error().line();
  const auto by_column = read_task(screen / "pseudobulk_global.h5ad", {});
  ASSERT_TRUE(by_column) << by_column.error().line();
  ASSERT_EQ(by_file->contexts.size(), 1u);
  EXPECT_EQ(by_file->contexts[0].pert_ids.size(), 60u);
  EXPECT_EQ(by_file->contexts[0].fold_of_row, by_column->contexts[0].fold_of_row);
  EXPECT_EQ(by_file->columns.gene_source, "gene_id");
  EXPECT_TRUE(by_file->perturbations_are_genes);
  EXPECT_EQ(by_file->contexts[0].deltas.cols(), 300);
}

TEST(ReadTask, NeedsNoFoldsWhereOtherSplitsAreAskedFor) {
  const TemporaryFolder folder;
  const auto path = two_contexts().write(folder / "t.h5ad");
  TaskOptions options;
  options.n_folds = 3;
  EXPECT_FALSE(read_task(path, options)) << "4 perturbations in 3 folds";
  options.folds_are_optional = true;
  const auto task = read_task(path, options);
  ASSERT_TRUE(task) << task.error().line();
  EXPECT_TRUE(task->fold_names.empty());
  for (const TaskContext& context : task->contexts) {
    EXPECT_EQ(context.fold_of_row, std::vector<std::int32_t>(context.pert_ids.size(), TaskContext::kInNoFold));
  }
  EXPECT_THAT(task->notes, ::testing::Contains(HasSubstr("there are no folds within contexts")));
}

}  // namespace read_task_test
}  // namespace headroom
