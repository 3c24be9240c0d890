#include "summary/strata.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "host/summary/example_results.hpp"
#include "summary/summary.hpp"

namespace headroom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Twelve perturbations p00 … p11 in two folds by turns, with effects 1 … 12 on one gene.
class StrataTest : public ::testing::Test {
 protected:
  StrataTest() {
    task_.gene_ids = {"g1", "g2"};
    TaskContext& context = task_.contexts.emplace_back();
    context.name = "K-562";
    context.deltas = Matrix::Zero(12, 2);
    for (int p = 0; p < 12; ++p) {
      context.pert_ids.push_back((p < 10 ? "p0" : "p") + std::to_string(p));
      context.deltas(p, 0) = p + 1;
      context.fold_of_row.push_back(p % 2);
    }
    task_.fold_names = {"0", "1"};
    context_.context = "K-562";
    context_.splits = splits_within(task_, {}).value();
  }

  std::vector<std::string> ids(const Stratum& stratum) const {
    std::vector<std::string> all;
    for (const Split& split : context_.splits) {
      for (const TaskRow& at : split.test) all.push_back(task_.contexts[0].pert_ids[static_cast<std::size_t>(at.row)]);
    }
    std::vector<std::string> some;
    for (const std::size_t test : stratum.tests) some.push_back(all[test]);
    std::sort(some.begin(), some.end());
    return some;
  }

  Task task_;
  ContextEvaluation context_;
};

TEST_F(StrataTest, AreThirdsByRank) {
  const auto strata = strata_of(context_, task_, {}, {});
  ASSERT_EQ(strata.size(), 3u) << "cells and responding genes are not known";
  EXPECT_EQ(strata[0].by, "effect_size");
  EXPECT_EQ(strata[0].name, "low");
  EXPECT_THAT(ids(strata[0]), ElementsAre("p00", "p01", "p02", "p03"));
  EXPECT_THAT(ids(strata[2]), ElementsAre("p08", "p09", "p10", "p11"));
  EXPECT_EQ(strata[1].low, 5);
  EXPECT_EQ(strata[1].high, 8);
}

TEST_F(StrataTest, NeverPartEqualValuesAndNeedSomeInEach) {
  const CellCount cells = [](std::string_view, std::string_view id) { return id < "p06" ? 10.0 : 20.0; };
  const auto strata = strata_of(context_, task_, cells, {});
  EXPECT_EQ(strata.size(), 3u) << "two values of cells make no thirds";
  const CellCount three = [](std::string_view, std::string_view id) {
    return id < "p05" ? 10.0 : id < "p09" ? 20.0 : 30.0;
  };
  const auto of_cells = strata_of(context_, task_, three, {});
  ASSERT_EQ(of_cells.size(), 6u);
  EXPECT_THAT(ids(of_cells[3]), ElementsAre("p00", "p01", "p02", "p03", "p04"));
  EXPECT_EQ(of_cells[3].low, 10);
  EXPECT_EQ(of_cells[3].high, 10);
}

TEST_F(StrataTest, RespondingGenesAreThoseBeyondTheirErrors) {
  SamplingErrors& sampling = task_.contexts[0].sampling.emplace();
  sampling.with_control = true;
  sampling.error = FloatMatrix::Constant(12, 2, 1);
  EXPECT_EQ(n_responding_genes(task_.contexts[0], task_, 0), 0);
  EXPECT_EQ(n_responding_genes(task_.contexts[0], task_, 11), 1);
  sampling.error.setConstant(0);
  EXPECT_EQ(n_responding_genes(task_.contexts[0], task_, 11), 0) << "without an error nothing is known";
}

TEST_F(StrataTest, ComeFromAFile) {
  const auto path = std::filesystem::path(::testing::TempDir()) / "strata.csv";
  std::ofstream(path) << "pert_id,pathway,essentiality\np00,a,1\np01,a,2\np02,a,3\np03,b,\np04,b,5\np05,b,6\n";
  const auto table = read_strata_file(path);
  ASSERT_TRUE(table.has_value()) << table.error().line();
  EXPECT_THAT(table->columns, ElementsAre("pathway", "essentiality"));
  const auto strata = strata_of(context_, task_, {}, *table);
  ASSERT_EQ(strata.size(), 5u) << "numbers that are few are groups, here of one each";
  EXPECT_EQ(strata[3].by, "pathway");
  EXPECT_EQ(strata[3].name, "a");
  EXPECT_THAT(ids(strata[4]), ElementsAre("p03", "p04", "p05"));

  std::ofstream(path) << "pert_id,pathway\np00,a\np00,b\n";
  EXPECT_THAT(read_strata_file(path).error().line(), HasSubstr("'p00' is there twice"));
  std::ofstream(path) << "pert_id\np00\n";
  EXPECT_THAT(read_strata_file(path).error().line(), HasSubstr("no column of groups"));
}

// Of each stratum the bounds and percentages of its own rows.
TEST_F(StrataTest, StandInTheSummaryAndInTheirTable) {
  RunResults results;
  results.metrics = {Metric::L2};
  results.heads = {{"knn", true, ""}};
  results.settings.set_n_resamples(100);
  const auto method = [&](const std::string& name, Role role, double scale) {
    MethodEvaluation made;
    made.name = name;
    made.role = role;
    made.in_bound = role != Role::plugin;
    made.status = Status::ok;
    for (const Split& split : context_.splits) {
      FoldEvaluation& fold = made.folds.emplace_back();
      fold.status = Status::ok;
      Vector values(static_cast<Eigen::Index>(split.test.size()));
      for (std::size_t i = 0; i < split.test.size(); ++i) {
        values[static_cast<Eigen::Index>(i)] = scale * task_.contexts[0].deltas(split.test[i].row, 0);
      }
      fold.metric_values = {values};
      fold.covered.assign(split.test.size(), 1);
    }
    return made;
  };
  context_.methods = {method("train_mean", Role::null_method, 3), method("idealized+knn", Role::cheater, 1),
                      method("x+knn", Role::plugin, 2)};
  context_.methods[2].embedding = "x";
  context_.methods[2].predictor = context_.methods[1].predictor = "knn";
  results.contexts = {context_};
  ThreadPool pool(1);
  const RunSummary summary = summarise(results, task_, "test", pool);
  ASSERT_EQ(summary.contexts_size(), 1);
  ASSERT_EQ(summary.contexts(0).strata_size(), 3);
  const StratumResult& low = summary.contexts(0).strata(0);
  EXPECT_EQ(low.n_test(), 4);
  EXPECT_DOUBLE_EQ(low.wap(), 7.5);
  EXPECT_DOUBLE_EQ(low.bap(), 2.5);
  ASSERT_EQ(low.methods_size(), 1) << "of what was evaluated";
  EXPECT_DOUBLE_EQ(low.methods(0).value(), 5);
  EXPECT_DOUBLE_EQ(low.methods(0).gap_closed(), 50);
  EXPECT_TRUE(low.methods(0).has_ci_low());
  const std::string csv = strata_csv(summary);
  EXPECT_THAT(
      csv, HasSubstr("context,head,metric,by,stratum,low,high,n_test,name,value,gap_closed,ci_low,ci_high,wap,bap\n"));
  EXPECT_THAT(csv, HasSubstr("K-562,knn,L2,effect_size,low,1,4,4,x+knn,5,50,"));
  EXPECT_EQ(strata_csv(RunSummary()), "");
}

}  // namespace
}  // namespace headroom
