#include "task/noise_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "host/io/temporary_folder.hpp"
#include "io/delimited.hpp"
#include "io/sha256.hpp"

namespace headroom {
namespace noise_table_test {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TemporaryFolder;

// A task with these contexts and perturbations (ascending), and no numbers.
Task task_of(const std::vector<std::string>& contexts, const std::vector<std::string>& pert_ids) {
  Task task;
  for (const std::string& name : contexts) {
    TaskContext context;
    context.name = name;
    context.pert_ids = pert_ids;
    task.contexts.push_back(context);
  }
  if (contexts.size() > 1 || contexts.front() != kSingleContext) task.columns.context_column = "cell_line";
  return task;
}

Result<NoiseTable> read_text(const std::string& text, const Task& task) {
  const TemporaryFolder folder;
  return read_noise_table(folder.write("noise.csv", text), task);
}

std::string message_of(const Result<NoiseTable>& table) { return table ? "no error" : table.error().line(); }

TEST(ReadNoiseTable, JoinsTheSpellingsThatTheTaskJoined) {
  Task task = task_of({"all"}, {"A+ctrl", "b"});
  const std::string text =
      "quantile,L2,pert_id,n_batches_pert,closed_form\n"
      "0.5,1,A+ctrl,2,4\n0.9,2,A+ctrl,2,4\n0.5,3,ctrl+A,3,8\n0.9,5,ctrl+A,3,8\n0.5,7,B,1,1\n0.9,nan,A,1,\n";
  const auto apart = read_text(text, task);
  ASSERT_TRUE(apart) << apart.error().line();
  EXPECT_EQ(apart->value("all", "A+ctrl", "L2", 0.5), 1.0);
  EXPECT_EQ(apart->value("all", "b", "L2", 0.5), std::nullopt);

  task.labels.merge = true;
  const auto joined = read_text(text, task);
  ASSERT_TRUE(joined) << joined.error().line();
  EXPECT_EQ(joined->value("all", "A+ctrl", "L2", 0.5), 2.0);
  EXPECT_EQ(joined->value("all", "A+ctrl", "L2", 0.9), 3.5) << "a spelling without a value counts for nothing";
  EXPECT_EQ(joined->reference("all", "A+ctrl", "closed_form"), 6.0) << "once a spelling, not once a line";
  EXPECT_EQ(joined->n_batches("all", "A+ctrl"), 3);
  EXPECT_EQ(joined->value("all", "b", "L2", 0.5), 7.0);
  EXPECT_THAT(joined->notes, Contains(HasSubstr("the noise of 1 perturbation is the mean over the spellings")));
  EXPECT_THAT(message_of(read_text("quantile,L2,pert_id\n0.5,1,A\n0.5,2,A\n", task)),
              HasSubstr("has quantile 0.5 twice"));
}

TEST(ReadNoiseTable, ReadsColumnsInAnyOrder) {
  const TemporaryFolder folder;
  const auto path = folder.write("noise.csv",
                                 ",pert_id,Pearson,n_batches_pert,closed_form,comment,quantile,L2\n"
                                 "0,b,0.5,3,7.5,good,0.9,2\n"
                                 "1,b,0.25,3,7.5,good,0.1,1\n"
                                 "2,c,,2,,bad,0.9,nan\n"
                                 "3,x,1,1,1,none,0.9,1\n");
  const auto table = read_noise_table(path, task_of({"all"}, {"a", "b", "c"}));
  ASSERT_TRUE(table) << table.error().line();
  EXPECT_THAT(table->quantiles, ElementsAre(0.1, 0.9));
  EXPECT_THAT(table->metrics, ElementsAre("Pearson", "L2"));
  EXPECT_THAT(table->reference_columns, ElementsAre("closed_form"));
  EXPECT_EQ(table->sha256, *sha256_of_file(path));
  EXPECT_EQ(table->value("all", "b", "L2", 0.9), 2.0);
  EXPECT_EQ(table->value("all", "b", "Pearson", 0.1), 0.25);
  EXPECT_EQ(table->value("all", "c", "L2", 0.9), std::nullopt);
  EXPECT_EQ(table->value("all", "c", "L2", 0.1), std::nullopt);
  EXPECT_EQ(table->value("all", "a", "L2", 0.9), std::nullopt);
  EXPECT_EQ(table->value("all", "b", "MSE", 0.9), std::nullopt);
  EXPECT_EQ(table->value("all", "b", "L2", 0.5), std::nullopt);
  EXPECT_EQ(table->value("other", "b", "L2", 0.9), std::nullopt);
  EXPECT_EQ(table->reference("all", "b", "closed_form"), 7.5);
  EXPECT_EQ(table->reference("all", "c", "closed_form"), std::nullopt);
  EXPECT_EQ(table->reference("all", "b", "comment"), std::nullopt);
  EXPECT_EQ(table->n_batches("all", "c"), 2);
  EXPECT_EQ(table->n_batches("all", "a"), std::nullopt);
  EXPECT_TRUE(table->covers_context("all"));
  EXPECT_THAT(table->notes, Contains(HasSubstr("comment")));
  EXPECT_THAT(table->notes,
              Contains(HasSubstr("1 line of the noise table names perturbations that the task does not")));
  EXPECT_THAT(table->notes, Contains(HasSubstr("2 of 3 perturbations of context 'all' are not in the noise table, the "
                                               "first is 'a'")));
}

// prepare --deg tells of folds as a whole, too: rows without a perturbation, and columns that only they fill.
TEST(ReadNoiseTable, PassesOverRowsOfFolds) {
  const std::string text =
      "quantile,L2,pert_id,n_batches_pert,context,closed_form,F1,precision,recall,ROC_AUC,AP,fold\n"
      "0.1,,,,all,,0.5,0.5,0.5,0.5,0.5,a fold\n"
      "0.1,2,p,3,all,7,,,,,,\n"
      "0.1,,,,elsewhere,,0.5,0.5,0.5,0.5,0.5,1\n";
  const auto table = read_text(text, task_of({"all"}, {"p"}));
  ASSERT_TRUE(table) << table.error().line();
  EXPECT_EQ(table->value("all", "p", "L2", 0.1), 2.0);
  EXPECT_EQ(table->reference("all", "p", "closed_form"), 7.0);
  EXPECT_THAT(table->metrics, ElementsAre("L2"));
  EXPECT_THAT(table->reference_columns, ElementsAre("closed_form"));
  EXPECT_THAT(table->notes, IsEmpty());
}

TEST(ReadNoiseTable, MatchesContextsByNameSuffixOrCase) {
  const Task task = task_of({"A549", "K-562", "mcf7"}, {"p"});
  const auto table = read_text(
      "quantile,value,pert_id,n_batches_pert,cell_line\n"
      "0.9,1,p,2,sciplex_A549\n0.9,2,p,2,K-562\n0.9,3,p,2,sciplex_MCF7\n0.9,4,p,2,HeLa\n",
      task);
  ASSERT_TRUE(table) << table.error().line();
  EXPECT_THAT(table->metrics, ElementsAre("L2"));
  EXPECT_EQ(table->value("A549", "p", "L2", 0.9), 1.0);
  EXPECT_EQ(table->value("K-562", "p", "L2", 0.9), 2.0);
  EXPECT_EQ(table->value("mcf7", "p", "L2", 0.9), 3.0);
  EXPECT_THAT(table->notes, Contains(HasSubstr("'sciplex_A549' of the noise table is taken as 'A549'")));
  EXPECT_THAT(message_of(read_text("quantile,L2,pert_id,context\n0.9,1,p,a_A549\n0.9,2,p,b_A549\n", task)),
              HasSubstr("both mean the task's 'A549'"));
  EXPECT_THAT(message_of(read_text("quantile,L2,pert_id,context\n0.9,1,p,HeLa\n", task)),
              HasSubstr("names no perturbation of the task"));
  EXPECT_THAT(message_of(read_text("quantile,L2,pert_id\n0.9,1,p\n", task)), HasSubstr("no context column"));
  const auto part = read_text("quantile,L2,pert_id,context\n0.9,1,p,A549\n", task);
  ASSERT_TRUE(part) << part.error().line();
  EXPECT_FALSE(part->covers_context("mcf7"));
  EXPECT_THAT(part->notes, Contains(HasSubstr("nothing for context 'mcf7'")));
  // An equal suffix goes before one that differs in case.
  const auto both = read_text("quantile,L2,pert_id,context\n0.9,1,p,x_B\n", task_of({"b", "B"}, {"p"}));
  ASSERT_TRUE(both) << both.error().line();
  EXPECT_EQ(both->value("B", "p", "L2", 0.9), 1.0);
  // A task without contexts takes the only one of the table.
  const auto single = read_text("quantile,L2,pert_id,context\n0.9,1,p,HeLa\n", task_of({"all"}, {"p"}));
  ASSERT_TRUE(single) << single.error().line();
  EXPECT_EQ(single->value("all", "p", "L2", 0.9), 1.0);
}

TEST(ReadNoiseTable, NamesTheLineOfWhatIsWrong) {
  const Task task = task_of({"all"}, {"a", "b"});
  const auto message = [&](const std::string& text) { return message_of(read_text(text, task)); };
  EXPECT_THAT(message("quantile,L2,pert_id\n0.9,x,a\n"), HasSubstr("line 2"));
  EXPECT_THAT(message("quantile,L2,pert_id\n0.9,x,a\n"), HasSubstr("'x' is not a number (column 'L2')"));
  EXPECT_THAT(message("quantile,L2,pert_id,extra\n0.9,1,a,1\n0.1,1,a,y\n"), HasSubstr("line 3"));
  EXPECT_THAT(message("quantile,L2,pert_id\n90,1,a\n"), HasSubstr("quantile 90 is not between 0 and 1"));
  EXPECT_THAT(message("quantile,L2,pert_id\n,1,a\n"), HasSubstr("'' is not a number (column 'quantile')"));
  EXPECT_THAT(message("quantile,L2,pert_id\n0.9,1,a\n0.1,1,a\n0.90,2,a\n"),
              HasSubstr("has quantile 0.9 twice, first in line 2"));
  EXPECT_THAT(message("L2,pert_id\n1,a\n"), HasSubstr("column 'quantile' is missing"));
  EXPECT_THAT(message("quantile,L2\n1,1\n"), HasSubstr("column 'pert_id' is missing"));
  EXPECT_THAT(message("quantile,error,pert_id\n0.9,1,a\n"), HasSubstr("column 'L2' is missing"));
  EXPECT_THAT(message("quantile,L2,pert_id\n0.9,1\n"), HasSubstr("2 cells instead of 3"));
  EXPECT_THAT(message("quantile,L2,pert_id\n"), HasSubstr("names no perturbation"));
  EXPECT_THAT(message(""), HasSubstr("empty"));
  EXPECT_FALSE(read_noise_table("absent.csv", task));
}

TEST(WriteNoiseTable, ComesBackExactly) {
  const TemporaryFolder folder;
  NoiseTable table;
  table.quantiles = {0.1, 0.9, 0.995};
  table.metrics = {"L2", "Spearman"};
  table.reference_columns = {"closed_form", "n_cells"};
  for (const char* name : {"line 1", "line,2"}) {
    NoiseContext context;
    context.name = name;
    context.pert_ids = {"(+)-JQ1", "2,4-\"D\"", "z"};
    context.n_batches = {2, 0, 8};
    context.values = Matrix::Random(3, 6) * 1e-5;
    context.references = Matrix::Random(3, 2);
    context.values(1, 2) = std::nan("");
    context.references(0, 1) = std::nan("");
    table.contexts.push_back(context);
  }
  ASSERT_TRUE(write_noise_table(folder / "noise.csv", table));
  const auto back =
      read_noise_table(folder / "noise.csv", task_of({"line 1", "line,2"}, {"(+)-JQ1", "2,4-\"D\"", "z"}));
  ASSERT_TRUE(back) << back.error().line();
  EXPECT_EQ(back->quantiles, table.quantiles);
  EXPECT_EQ(back->metrics, table.metrics);
  EXPECT_EQ(back->reference_columns, table.reference_columns);
  EXPECT_THAT(back->notes, IsEmpty());
  for (std::size_t c = 0; c < 2; ++c) {
    const auto bits = [](const Matrix& m) { return Matrix(m.array().isNaN().select(-99.0, m.array())); };
    EXPECT_EQ(bits(back->contexts[c].values), bits(table.contexts[c].values));
    EXPECT_EQ(bits(back->contexts[c].references), bits(table.contexts[c].references));
    EXPECT_EQ(back->contexts[c].n_batches, table.contexts[c].n_batches);
  }
  EXPECT_FALSE(write_noise_table(folder / "no" / "noise.csv", table));
}

// The published tables as they are: every number of the file is found again.
TEST(ReadNoiseTable, ReadsThePublishedTables) {
  const std::filesystem::path published = std::filesystem::path(HEADROOM_SHARED_DIR) / "published";
  if (!std::filesystem::exists(published)) GTEST_SKIP() << "no published tables at " << published;
  for (const bool chemical : {false, true}) {
    const auto path = published / (chemical ? "sciplex_lfc_noise.csv" : "norman_lfc_noise.csv");
    auto reader = DelimitedReader::open(path);
    ASSERT_TRUE(reader && reader->read_header());
    const std::size_t pert = *reader->column("pert_id");
    const std::size_t quantile = *reader->column("quantile");
    const std::size_t l2 = *reader->column(chemical ? "value" : "L2");
    const auto line_of = [&] {
      return chemical ? std::string(reader->cells()[*reader->column("cell_line")].substr(8)) : "all";
    };
    std::set<std::string> ids;
    while (*reader->next()) ids.emplace(reader->cells()[pert]);
    const Task task = chemical ? task_of({"A549", "K562", "MCF7"}, {ids.begin(), ids.end()})
                               : task_of({"all"}, {ids.begin(), ids.end()});
    const auto table = read_noise_table(path, task);
    ASSERT_TRUE(table) << table.error().line();
    EXPECT_THAT(table->quantiles, ElementsAre(0.1, 0.2, 0.5, 0.8, 0.9, 0.99, 0.995));
    reader = DelimitedReader::open(path);
    ASSERT_TRUE(reader->read_header());
    while (*reader->next()) {
      EXPECT_EQ(table->value(line_of(), reader->cells()[pert], "L2", *reader->number(quantile)), *reader->number(l2));
    }
  }
}

}  // namespace noise_table_test
}  // namespace headroom
