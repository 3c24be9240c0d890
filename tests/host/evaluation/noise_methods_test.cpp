#include "evaluation/noise_methods.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "host/evaluation/made_task.hpp"

namespace headroom {
namespace noise_methods_test {

using ::testing::HasSubstr;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

class NoiseMethodsTest : public ::testing::Test {
 protected:
  // Quantiles 0.1 and 0.9 of L2 and Pearson: 1000·p + 10·quantile, Pearson negative; closed_form 5·p.
  NoiseMethodsTest() {
    NoiseContext context;
    context.name = "A";
    context.pert_ids = task_.contexts[0].pert_ids;
    context.values.resize(12, 4);
    context.references.resize(12, 1);
    for (int p = 0; p < 12; ++p) {
      context.values.row(p) << 1000 * p + 1, -(1000 * p + 1), 1000 * p + 9, -(1000 * p + 9);
      context.references(p, 0) = 5 * p;
    }
    table_.quantiles = {0.1, 0.9};
    table_.metrics = {"L2", "Pearson"};
    table_.reference_columns = {"closed_form"};
    table_.contexts = {context};
  }

  FoldEvaluation evaluate(const std::string& name, const NoiseTable* table, std::size_t split = 0) {
    for (const NoiseMethod& method : lfc_target().noise_methods) {
      if (method.name != name) continue;
      const auto fold = make_fold_data(task_, splits_[split], metrics_);
      FoldEvaluation evaluation;
      evaluate_noise_method(method, table, task_, *fold, metrics_, evaluation);
      return evaluation;
    }
    return {};
  }

  Task task_ = testing::made_task(2, 12, 4, 3);
  std::vector<Split> splits_ = splits_within(task_, {}).value();
  std::vector<Metric> metrics_ = {Metric::L2, Metric::Pearson, Metric::PDS_L1};
  NoiseTable table_;
};

TEST_F(NoiseMethodsTest, TakeTheHighQuantileOfErrorsAndTheLowOneOfCorrelations) {
  const FoldEvaluation evaluation = evaluate(kCeilingSamplingError, &table_);
  ASSERT_EQ(evaluation.status, Status::ok) << evaluation.reason;
  for (std::size_t i = 0; i < 4; ++i) {
    const double p = splits_[0].test[i].row;
    EXPECT_EQ(evaluation.metric_values[0][static_cast<Eigen::Index>(i)], 1000 * p + 9);
    EXPECT_EQ(evaluation.metric_values[1][static_cast<Eigen::Index>(i)], -(1000 * p + 1));
  }
  EXPECT_TRUE(evaluation.metric_values[2].array().isNaN().all()) << "the table has no PDS_L1";
}

TEST_F(NoiseMethodsTest, TakeFurtherColumnsForL2) {
  const FoldEvaluation evaluation = evaluate(kCeilingClosedForm, &table_);
  ASSERT_EQ(evaluation.status, Status::ok) << evaluation.reason;
  EXPECT_EQ(evaluation.metric_values[0][1], 5.0 * splits_[0].test[1].row);
  EXPECT_TRUE(evaluation.metric_values[1].array().isNaN().all());
}

TEST_F(NoiseMethodsTest, FillAFewGapsWithTheMeanAndLeaveManyUndefined) {
  table_.contexts[0].values(0, 2) = kNaN;  // row 0 is tested in split 0, with 3, 6 and 9
  EXPECT_EQ(evaluate(kCeilingSamplingError, &table_).metric_values[0][0], 6009);
  for (const int row : {0, 3, 6}) table_.contexts[0].values(row, 2) = kNaN;
  EXPECT_TRUE(evaluate(kCeilingSamplingError, &table_).metric_values[0].array().isNaN().all());
}

TEST_F(NoiseMethodsTest, AreSkippedWithTheReason) {
  const FoldEvaluation without = evaluate(kCeilingSamplingError, nullptr);
  EXPECT_EQ(without.status, Status::skipped);
  EXPECT_THAT(without.reason, HasSubstr("no noise table"));
  const FoldEvaluation elsewhere = evaluate(kCeilingSamplingError, &table_, 3);  // of context B
  EXPECT_EQ(elsewhere.status, Status::skipped);
  EXPECT_THAT(elsewhere.reason, HasSubstr("says nothing of this context"));
  const FoldEvaluation columnless = evaluate(kCeilingSplitHalf, &table_);
  EXPECT_EQ(columnless.status, Status::skipped);
  EXPECT_THAT(columnless.reason, HasSubstr("no such numbers"));
  for (const ExcludedTargets excluded : {ExcludedTargets::own, ExcludedTargets::panel}) {
    const auto fold = make_fold_data(task_, splits_[0], metrics_, excluded);
    FoldEvaluation fewer_genes;
    evaluate_noise_method(lfc_target().noise_methods.front(), &table_, task_, *fold, metrics_, fewer_genes);
    EXPECT_EQ(fewer_genes.status, Status::skipped);
    EXPECT_THAT(fewer_genes.reason, HasSubstr("the noise table is of all genes"));
  }
}

}  // namespace noise_methods_test
}  // namespace headroom
