// A head in one split, through a real worker, against brute force.
#include "evaluation/head.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "evaluation/embedding.hpp"
#include "evaluation/load_roster.hpp"
#include "host/evaluation/made_task.hpp"
#include "protocol/inner_score.hpp"

namespace headroom {
namespace head_test {

using ::testing::HasSubstr;

constexpr double kRounding = 1e-10;

// The mean of the k nearest training rows' deltas.
Matrix nearest(const Matrix& training, const Matrix& query, const Matrix& deltas, Eigen::Index k) {
  Matrix predicted(query.rows(), deltas.cols());
  for (Eigen::Index q = 0; q < query.rows(); ++q) {
    std::vector<Eigen::Index> order(static_cast<std::size_t>(training.rows()));
    std::iota(order.begin(), order.end(), Eigen::Index{0});
    std::stable_sort(order.begin(), order.end(), [&](Eigen::Index a, Eigen::Index b) {
      return (training.row(a) - query.row(q)).norm() < (training.row(b) - query.row(q)).norm();
    });
    RowVector sum = RowVector::Zero(deltas.cols());
    for (Eigen::Index i = 0; i < k; ++i) sum += deltas.row(order[static_cast<std::size_t>(i)]);
    predicted.row(q) = sum / static_cast<double>(k);
  }
  return predicted;
}

class HeadTest : public ::testing::Test {
 protected:
  HeadTest() {
    embedding_.vectors.resize(15, 4);
    for (Eigen::Index i = 0; i < embedding_.vectors.size(); ++i) {
      embedding_.vectors.data()[i] = testing::scattered(static_cast<int>(i), 1, 5);
    }
    embedding_.present.assign(15, 1);
  }

  void SetUp() override {
    auto roster = load_roster(lfc_target(), options_, pool_);
    ASSERT_TRUE(roster.has_value()) << roster.error().line();
    roster_ = std::move(*roster);
    data_ = make_fold_data(task_, splits_within(task_, {"f1"}).value().front(), {Metric::L2}).value();
    features_ = make_head_features(embedding_, *data_, options_, pool_).value();
  }

  Answer<HeadOutcome> evaluate(const HyperparameterGrid& grid) {
    auto session = WorkerSession::start(*roster_.heads[0].file, roster_.heads[0].settings);
    if (!session) return tl::unexpected<WorkerFault>(session.error());
    return evaluate_head(lfc_target(), **session, grid, features_, "A", data_->training_deltas, nullptr);
  }

  static HyperparameterGrid grid_of(const std::vector<double>& k) { return {{"k"}, all_combinations({k})}; }

  Task task_ = testing::made_task(1, 15, 6, 3);
  RunOptions options_ = testing::made_options();
  ThreadPool pool_{2};
  Roster roster_;
  Embedding embedding_;
  std::optional<FoldData> data_;
  HeadFeatures features_;
};

TEST_F(HeadTest, ChoosesByInnerSplitsAndRefitsOnAllTrainingRows) {
  const HyperparameterGrid grid = grid_of({1, 2, 4});
  const auto outcome = evaluate(grid);
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  const Matrix deltas = data_->training_deltas.view();

  std::vector<double> scores;
  for (Eigen::Index s = 0; s < 3; ++s) {
    double sum = 0;
    for (std::size_t split = 0; split < features_.inner_queries.size(); ++split) {
      const RowIndex& held_out = features_.inner_queries[split];
      RowIndex kept;
      for (std::int32_t i = 0; i < deltas.rows(); ++i) {
        if (std::find(held_out.begin(), held_out.end(), i) == held_out.end()) kept.push_back(i);
      }
      const Matrix predicted =
          nearest(features_.blocks[0].splits.inner[split].training, features_.blocks[0].splits.inner[split].query,
                  gather_rows(deltas, kept), static_cast<Eigen::Index>(grid.settings(s, 0)));
      const double score = -mean_row_l2(predicted, deltas, held_out);
      EXPECT_NEAR(outcome->inner_scores[static_cast<std::size_t>(s)].split_scores[split], score, kRounding);
      sum += score;
    }
    scores.push_back(sum);
  }
  ASSERT_TRUE(outcome->best_setting.has_value());
  EXPECT_EQ(*outcome->best_setting, std::max_element(scores.begin(), scores.end()) - scores.begin());
  const Matrix expected =
      nearest(features_.blocks[0].splits.final_fit.training, features_.blocks[0].splits.final_fit.query, deltas,
              static_cast<Eigen::Index>(grid.settings(*outcome->best_setting, 0)));
  EXPECT_LT((outcome->predictions - expected).cwiseAbs().maxCoeff(), kRounding);
}

TEST_F(HeadTest, AnInfeasibleSettingNeverWins) {
  const auto outcome = evaluate(grid_of({500, 2}));
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  EXPECT_EQ(outcome->best_setting, std::optional<Eigen::Index>(1));
  EXPECT_FALSE(outcome->inner_scores[0].feasible);
  EXPECT_TRUE(outcome->inner_scores[0].split_scores.empty());
  EXPECT_TRUE(outcome->inner_scores[1].feasible);
}

TEST_F(HeadTest, AGridWithoutAFeasibleSettingChoosesNone) {
  const auto outcome = evaluate(grid_of({500, 600}));
  ASSERT_TRUE(outcome.has_value()) << outcome.error().message;
  EXPECT_FALSE(outcome->best_setting.has_value());
  EXPECT_THAT(no_feasible_setting(features_, HyperparameterGrid{}).message,
              HasSubstr("no setting of the grid is feasible with 6 training"));
}

}  // namespace head_test
}  // namespace headroom
