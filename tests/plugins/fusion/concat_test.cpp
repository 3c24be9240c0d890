#include <gtest/gtest.h>

#include "fusion/joined_blocks.hpp"
#include "heads/knn.hpp"
#include "heads/logistic.hpp"
#include "heads/ridge.hpp"
#include "plugins/fusion/simulated_embeddings.hpp"

namespace headroom::testing {
namespace concat_test {

// The same call with blocks side by side in one, rows that none has left absent.
PredictorCall joined(const PredictorCall& call) {
  PredictorCall one = call;
  for (const FurtherBlock& block : call.further_blocks) {
    const Eigen::Index width = one.training.cols();
    one.training.conservativeResize(Eigen::NoChange, width + block.training.cols());
    one.query.conservativeResize(Eigen::NoChange, width + block.query.cols());
    one.training.rightCols(block.training.cols()) = block.training;
    one.query.rightCols(block.query.cols()) = block.query;
  }
  one.further_blocks.clear();
  one.training_present.clear();
  one.query_present.clear();
  return one;
}

PredictorCall two_blocks() {
  const SimulatedScreen screen = simulated_screen(40, 6, 70);
  PredictorCall call = screen.call({screen.third(0, 81), screen.third(1, 82)});
  call.training_present.assign(40, 1);
  call.training_present[3] = 0;
  call.training.row(3).setZero();
  call.further_blocks[0].query_present = {1, 0, 1, 1, 1, 1};
  call.further_blocks[0].query.row(1).setZero();
  return call;
}

TEST(Concat, GivesAHeadTheBlocksSideBySide) {
  PredictorCall fused = two_blocks();
  fused.settings = column({3, 5});
  PredictorCall one = joined(fused);
  const auto knn = [](const auto& request, auto& output) { heads::predict_knn(request, 1, output); };
  fused.run([&](const auto& request, auto& output) { fusion::predict_joined(request, output, knn); });
  one.run(knn);
  EXPECT_TRUE(fused.predictions[1] == one.predictions[1]);

  const std::vector<std::int32_t> rows = {0, 4, 8, 12, 16, 20};
  const auto errors = [](const auto& request, auto& output) { heads::knn_errors(request, output); };
  const sdk::Matrix told =
      fused.errors([&](const auto& request, auto& output) { fusion::joined_errors(request, output, errors); }, rows);
  EXPECT_TRUE(told == one.errors(errors, rows));
}

TEST(Concat, TakesClassesAsWell) {
  PredictorCall fused = two_blocks();
  fused.n_classes = 3;
  fused.delta_rows = (fused.delta_rows.array() * 0.5 + 1.0).round().max(0.0).min(2.0);
  fused.settings = column({10});
  PredictorCall one = joined(fused);
  const auto logistic = [](const auto& request, auto& output) { heads::predict_logistic(request, 1, output); };
  fused.run([&](const auto& request, auto& output) { fusion::predict_joined(request, output, logistic); });
  one.run(logistic);
  for (std::size_t k = 0; k < 3; ++k) EXPECT_TRUE(fused.predictions[k] == one.predictions[k]);
}

TEST(Concat, LeavesOutRowsThatNoBlockHas) {
  PredictorCall call = two_blocks();
  call.settings = column({10});
  call.further_blocks[0].training_present = call.training_present;  // row 3 is nowhere
  call.query_present = call.further_blocks[0].query_present;        // nor is query 1
  call.run([](const auto& request, auto& output) {
    fusion::predict_joined(request, output, [](const auto& one, auto& out) { heads::predict_ridge(one, 1, out); });
  });
  const Eigen::RowVectorXd mean = call.delta_rows.colwise().mean();
  EXPECT_LT((call.predictions[0].row(1) - mean).cwiseAbs().maxCoeff(), 1e-12);
}

}  // namespace concat_test
}  // namespace headroom::testing
