#include "heads/ridge.hpp"

#include <gtest/gtest.h>

#include "plugins/heads_reference.hpp"
#include "plugins/predictor_call.hpp"

namespace headroom::testing {
namespace ridge_test {

// The reference goes through singular values, this head through the normal equations.
constexpr double kReferenceTolerance = 1e-9;

void run_ridge(PredictorCall& call, int n_threads = 1) {
  call.run([&](const auto& request, auto& output) { heads::predict_ridge(request, n_threads, output); });
}

PredictorCall random_call(std::int64_t n, std::int64_t p, std::int64_t genes, std::uint64_t seed) {
  PredictorCall call;
  call.training = random_matrix(n, p, seed);
  call.query = random_matrix(3, p, seed + 1);
  call.delta_rows = random_matrix(n, genes, seed + 2);
  call.settings = column({0.1, 10.0, 1000.0});
  return call;
}

TEST(Ridge, EqualsScikitLearn) {
  const auto cases = reference_cases("ridge");
  ASSERT_EQ(cases.size(), 7u);
  for (ReferenceCase c : cases) {
    run_ridge(c.call);
    for (std::size_t s = 0; s < c.expected.size(); ++s) {
      EXPECT_LT((c.call.predictions[s] - c.expected[s]).cwiseAbs().maxCoeff(), kReferenceTolerance)
          << c.name << ", setting " << s;
    }
  }
}

// At the minimum the gradient Zᵀ(Y - ȳ - ZW) - αW is zero.
TEST(Ridge, GradientVanishesOverShapes) {
  std::uint64_t seed = 300;
  for (const std::int64_t n : {2, 9, 70}) {
    for (const std::int64_t p : {1, 5, 65}) {
      for (const std::int64_t genes : {1, 64, 300}) {
        PredictorCall call = random_call(n, p, genes, seed++);
        const Eigen::RowVectorXd mean = call.training.colwise().mean();
        call.query = sdk::Matrix::Identity(p, p);
        call.query.rowwise() += mean;
        run_ridge(call);
        ASSERT_FALSE(call.wrote_outside);
        sdk::Matrix z = call.training;
        z.rowwise() -= mean;
        const Eigen::RowVectorXd intercept = call.delta_rows.colwise().mean();
        for (std::size_t s = 0; s < 3; ++s) {
          const double alpha = call.settings(static_cast<Eigen::Index>(s), 0);
          const sdk::Matrix weights = call.predictions[s].rowwise() - intercept;
          const sdk::Matrix residual = (call.delta_rows.rowwise() - intercept) - z * weights;
          const sdk::Matrix gradient = z.transpose() * residual - alpha * weights;
          ASSERT_LT(gradient.cwiseAbs().maxCoeff(), 1e-10 * (alpha + static_cast<double>(n)))
              << n << " rows, " << p << " features, alpha " << alpha;
        }
      }
    }
  }
}

TEST(Ridge, LargeAlphaPredictsTheTrainMeanAndConstantFeaturesDo) {
  PredictorCall call = random_call(20, 4, 10, 401);
  const Eigen::RowVectorXd mean = call.delta_rows.colwise().mean();
  call.settings = column({1e15});
  run_ridge(call);
  EXPECT_LT((call.predictions[0].rowwise() - mean).cwiseAbs().maxCoeff(), 1e-12);
  call.settings = column({1e-9});
  call.training.setConstant(0.1);
  call.query = call.training.topRows(2);
  run_ridge(call);
  EXPECT_LT((call.predictions[0].rowwise() - mean).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(Ridge, AbsentQueriesGetTheTrainMeanAndThreadsDoNotChangeAByte) {
  PredictorCall call = random_call(30, 6, 600, 403);
  call.query_present = {1, 1, 0};
  run_ridge(call, 1);
  const Eigen::RowVectorXd mean = call.delta_rows.colwise().mean();
  EXPECT_LT((call.predictions[1].row(2) - mean).cwiseAbs().maxCoeff(), 1e-14);
  const std::vector<sdk::Matrix> one = call.predictions;
  run_ridge(call, 3);
  for (std::size_t s = 0; s < 3; ++s) EXPECT_TRUE(call.predictions[s] == one[s]);
}

TEST(Ridge, NoQueriesNoRowsAndRefusedAlphas) {
  PredictorCall call = random_call(10, 3, 5, 405);
  call.query.resize(0, 3);
  run_ridge(call);
  EXPECT_EQ(call.feasible, (std::vector<std::uint8_t>{1, 1, 1}));
  PredictorCall none = random_call(10, 3, 5, 406);
  none.training_present.assign(10, 0);
  run_ridge(none);
  EXPECT_EQ(none.feasible, (std::vector<std::uint8_t>{0, 0, 0}));
  PredictorCall zero = random_call(10, 3, 5, 407);
  zero.settings = column({0.0});
  EXPECT_THROW(run_ridge(zero), sdk::Error);
}

}  // namespace ridge_test
}  // namespace headroom::testing
