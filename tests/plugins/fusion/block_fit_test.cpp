#include "fusion/block_fit.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "heads/knn.hpp"
#include "heads/ridge.hpp"
#include "plugins/predictor_call.hpp"

namespace headroom::testing {
namespace block_fit_test {

using fusion::BlockFit;

constexpr Eigen::Index kRows = 30, kGenes = 8;

// 20 rows that are fitted on and 10 that are asked for, far from having the same mean. Three rows are in neither.
struct Split {
  sdk::Matrix features = random_matrix(kRows, 4, 1), deltas = random_matrix(kRows, kGenes, 2), gamma;
  fusion::Rows fitted, asked;

  Split() {
    for (std::int64_t i = 0; i < kRows; ++i) {
      if (i % 10 == 9) continue;
      (i % 3 == 0 ? asked : fitted).push_back(i);
    }
    for (const std::int64_t row : asked) deltas.row(row).array() += 2.0;
    const sdk::Matrix centred = deltas.rowwise() - deltas.colwise().mean();
    gamma = centred * centred.transpose();
  }
  // The head's own predictions of the asked rows.
  template <class Head>
  sdk::Matrix predicted(const Head& head, double setting) const {
    PredictorCall call;
    call.training = features(fitted, Eigen::all);
    call.query = features(asked, Eigen::all);
    call.delta_rows = deltas(fitted, Eigen::all);
    call.settings = column({setting});
    call.run([&](const auto& request, auto& output) { head(request, 1, output); });
    return call.predictions[0];
  }
  BlockFit fit() const {
    PredictorCall call;
    call.training = features;
    call.query = features;
    call.delta_rows = deltas;
    call.settings = column({1});
    BlockFit made;
    call.run([&](const sdk::PredictorRequest& request, sdk::PredictorOutput&) {
      const sdk::Block block = request.block();
      made = fusion::fit_block(block, fitted, asked, block.training(), {7, true}, &gamma);
    });
    return made;
  }
};

TEST(BlockFit, PredictsAsTheHeadsDoByCoefficients) {
  const Split split;
  const BlockFit fit = split.fit();
  const auto n = static_cast<std::int64_t>(split.asked.size());
  const auto expect_same = [&](const fusion::HeadSetting& head, const sdk::Matrix& expected) {
    const sdk::Matrix all = fusion::coefficients_of(fit, head, 0, n, kRows);
    EXPECT_LT((all * split.deltas - expected).cwiseAbs().maxCoeff(), 1e-10) << head.head;
    EXPECT_LT((all.rowwise().sum().array() - 1).abs().maxCoeff(), 1e-12) << head.head;
    const sdk::Matrix part = fusion::coefficients_of(fit, head, 2, 3, kRows);
    EXPECT_LT((part - all.middleRows(2, 3)).cwiseAbs().maxCoeff(), 1e-12) << head.head;
    const sdk::Matrix with_rows = fusion::coefficients_with_rows(fit, head, 2, 3, split.gamma);
    EXPECT_LT((with_rows - part * split.gamma).cwiseAbs().maxCoeff(), 1e-9) << head.head;
  };
  expect_same({fusion::kKnn, 5}, split.predicted(heads::predict_knn, 5));
  expect_same({fusion::kRidge, 2.5}, split.predicted(heads::predict_ridge, 2.5));
}

TEST(BlockFit, TellsTheErrorsOfEverySetting) {
  const Split split;
  const sdk::Matrix truth = split.deltas(split.asked, Eigen::all);
  const std::vector<double> k = {3, 7, 30}, alpha = {0.1, 10};
  fusion::SettingErrors errors{{1, 0, 0}, {0, 0}};  // added to what there is
  fusion::add_errors(split.fit(), split.gamma, k, alpha, errors);
  const auto sum_of = [&](const sdk::Matrix& prediction) { return (prediction - truth).rowwise().norm().sum(); };
  EXPECT_NEAR(errors.knn[0], 1 + sum_of(split.predicted(heads::predict_knn, 3)), 1e-9);
  EXPECT_NEAR(errors.knn[1], sum_of(split.predicted(heads::predict_knn, 7)), 1e-9);
  EXPECT_TRUE(std::isinf(errors.knn[2])) << "more neighbours than rows";
  for (std::size_t s = 0; s < 2; ++s) {
    EXPECT_NEAR(errors.ridge[s], sum_of(split.predicted(heads::predict_ridge, alpha[s])), 1e-9) << s;
  }
}

}  // namespace block_fit_test
}  // namespace headroom::testing
