#include "evaluation/fold_data.hpp"

#include <gtest/gtest.h>

#include "host/evaluation/made_task.hpp"
#include "numerics/blas.hpp"

namespace headroom {
namespace fold_data_test {

constexpr double kRounding = 1e-12;

class FoldDataTest : public ::testing::Test {
 protected:
  Task task_ = testing::made_task(2, 10, 6, 3);
  std::vector<Split> splits_ = splits_within(task_, {}).value();
};

TEST_F(FoldDataTest, HoldsTheRowsOfItsSplitAndNoOthers) {
  for (const Split& split : splits_) {
    const auto fold = make_fold_data(task_, split, {Metric::L2});
    ASSERT_TRUE(fold.has_value()) << fold.error().line();
    EXPECT_EQ(fold->context, split.context);
    EXPECT_EQ(fold->name, split.name);
    EXPECT_EQ(Matrix(fold->training_deltas.view()), deltas_of(task_, split.training));
    EXPECT_EQ(fold->truth.deltas.deltas, deltas_of(task_, split.test));
    const RowVector mean = deltas_of(task_, split.training).colwise().mean();
    EXPECT_LT((fold->truth.deltas.mean_training_delta - mean).cwiseAbs().maxCoeff(), kRounding);
  }
}

TEST_F(FoldDataTest, KnowsTheColumnOfAPerturbedGene) {
  task_.contexts[0].pert_ids[0] = "gene4";
  const auto fold = make_fold_data(task_, splits_.front(), {Metric::PDS_L1});
  ASSERT_TRUE(fold.has_value());
  ASSERT_EQ(fold->truth.deltas.own_gene.size(), fold->test.size());
  EXPECT_EQ(fold->truth.deltas.own_gene[0], std::optional<Eigen::Index>(4));
  for (std::size_t i = 1; i < fold->test.size(); ++i) EXPECT_FALSE(fold->truth.deltas.own_gene[i].has_value());
}

TEST_F(FoldDataTest, InnerProductsAreTheSamePickedOrMadeAnew) {
  const auto fold = make_fold_data(task_, splits_.front(), {Metric::L2});
  ASSERT_TRUE(fold.has_value());
  const Matrix all = inner_products_of_rows(task_.contexts[0].deltas);
  const auto picked = make_training_gram(*fold, &all), anew = make_training_gram(*fold, nullptr);
  ASSERT_TRUE(picked.has_value() && anew.has_value());
  const Matrix deltas = fold->training_deltas.view();
  const Matrix expected = deltas * deltas.transpose();
  EXPECT_LT((Matrix(picked->view()) - expected).cwiseAbs().maxCoeff(), kRounding);
  EXPECT_LT((Matrix(anew->view()) - expected).cwiseAbs().maxCoeff(), kRounding);
}

TEST_F(FoldDataTest, ATestRowWithoutAPredictionGetsTheTrainMean) {
  const auto fold = make_fold_data(task_, splits_.front(), {Metric::L2});
  ASSERT_TRUE(fold.has_value());
  const auto n_tests = static_cast<Eigen::Index>(fold->test.size());
  const Matrix all = with_stand_ins(lfc_target(), *fold, {1}, Matrix::Constant(1, 6, 7.0));
  ASSERT_EQ(all.rows(), n_tests);
  for (Eigen::Index i = 0; i < n_tests; ++i) {
    EXPECT_EQ(all.row(i), i == 1 ? RowVector(RowVector::Constant(6, 7.0)) : fold->truth.deltas.mean_training_delta);
  }
  const Matrix complete = Matrix::Constant(n_tests, 6, 3.0);
  EXPECT_EQ(with_stand_ins(lfc_target(), *fold, {0, 1, 2, 3}, complete), complete);
}

}  // namespace fold_data_test
}  // namespace headroom
