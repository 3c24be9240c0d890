#include "heads/lasso.hpp"

#include <gtest/gtest.h>

#include <Eigen/QR>
#include <cmath>
#include <iterator>

#include "heads/lasso_active_set.hpp"
#include "heads/lasso_optimality.hpp"
#include "heads/lasso_path.hpp"
#include "plugins/heads_reference.hpp"
#include "plugins/predictor_call.hpp"

namespace headroom::testing {
namespace lasso_test {

// scikit-learn stopped at a duality gap of 1e-14; predictions are of order 1 to 1,000.
constexpr double kReferenceTolerance = 1e-7;
// Two solutions, each within kLassoTolerance of optimal, on well-conditioned features with values of order 1.
constexpr double kSolutionTolerance = 1e-7;

heads::LassoReport run_lasso(PredictorCall& call, int n_threads = 1) {
  heads::LassoReport report;
  call.run([&](const auto& request, auto& output) { report = heads::predict_lasso(request, n_threads, output); });
  return report;
}

// Query rows that read the model: mean + unit vector j gives intercept + weight j.
void ask_for_weights(PredictorCall& call) {
  const Eigen::RowVectorXd mean = call.training.colwise().mean();
  call.query = sdk::Matrix::Identity(call.training.cols(), call.training.cols());
  call.query.rowwise() += mean;
}

// The largest violation of the optimality conditions by the weights behind prediction s, relative to max |correlation|,
// over genes; plain arithmetic on the uncompressed problem.
double worst_violation(const PredictorCall& call, std::size_t s) {
  sdk::Matrix z = call.training;
  z.rowwise() -= Eigen::RowVectorXd(call.training.colwise().mean());
  sdk::Matrix y = call.training_deltas();
  const Eigen::RowVectorXd intercept = y.colwise().mean();
  y.rowwise() -= intercept;
  sdk::Matrix weights = call.predictions[s];
  weights.rowwise() -= intercept;
  // The intercept is added in floating point: what is left of a zero weight is rounding.
  weights = (weights.array().abs() < 1e-13 * (1.0 + intercept.cwiseAbs().maxCoeff())).select(0.0, weights);
  const double threshold = call.settings(static_cast<Eigen::Index>(s), 0) * static_cast<double>(z.rows());
  const sdk::Matrix correlations = z.transpose() * y;
  const sdk::Matrix residual = z.transpose() * (y - z * weights);
  double worst = 0.0;
  for (Eigen::Index g = 0; g < y.cols(); ++g) {
    const double largest = correlations.col(g).cwiseAbs().maxCoeff();
    for (Eigen::Index j = 0; j < z.cols(); ++j) {
      worst = std::max(worst, heads::lasso_violation(weights(j, g), residual(j, g), threshold) / largest);
    }
  }
  return worst;
}

PredictorCall random_call(std::int64_t n, std::int64_t p, std::int64_t genes, std::uint64_t seed) {
  PredictorCall call;
  call.training = random_matrix(n, p, seed) * (sdk::Matrix::Identity(p, p) + 0.3 * random_matrix(p, p, seed + 1));
  call.query = random_matrix(4, p, seed + 2);
  call.delta_rows = call.training * random_matrix(p, genes, seed + 3) * 0.3 + random_matrix(n, genes, seed + 4);
  call.settings = column({1e-3, 1e-2, 1e-1, 1.0});
  return call;
}

void make_orthogonal(PredictorCall& call) {
  const Eigen::Index n = call.training.rows();
  const Eigen::Index p = call.training.cols();
  Eigen::MatrixXd centred = call.training.rowwise() - call.training.colwise().mean();
  const Eigen::MatrixXd basis =
      Eigen::HouseholderQR<Eigen::MatrixXd>(centred).householderQ() * Eigen::MatrixXd::Identity(n, p);
  for (Eigen::Index j = 0; j < p; ++j) call.training.col(j) = basis.col(j) * (20.0 / (1.0 + static_cast<double>(j)));
}

TEST(Lasso, EqualsScikitLearn) {
  const auto cases = reference_cases("lasso");
  ASSERT_EQ(cases.size(), 7u);
  for (ReferenceCase c : cases) {
    run_lasso(c.call);
    for (std::size_t s = 0; s < c.expected.size(); ++s) {
      EXPECT_LT((c.call.predictions[s] - c.expected[s]).cwiseAbs().maxCoeff(), kReferenceTolerance)
          << c.name << ", setting " << s;
    }
  }
}

TEST(Lasso, OptimalityOverShapes) {
  std::uint64_t seed = 100;
  for (const std::int64_t n : {2, 5, 30, 200}) {
    for (const std::int64_t p : {1, 2, 7, 8, 9, 33, 100}) {
      for (const std::int64_t genes : {1, 17, 300}) {
        if (n * p * genes > 1000000) continue;
        PredictorCall call = random_call(n, p, genes, seed++);
        ask_for_weights(call);
        run_lasso(call);
        ASSERT_FALSE(call.wrote_outside);
        for (std::size_t s = 0; s < 4; ++s) {
          // Twice the limit: the test rounds, too.
          ASSERT_LT(worst_violation(call, s), 2 * heads::kLassoTolerance)
              << n << " rows, " << p << " features, " << genes << " genes, setting " << s;
        }
      }
    }
  }
}

TEST(Lasso, OrthogonalFeaturesTakeTheSoftThresholdAndBothWaysAgree) {
  PredictorCall call = random_call(60, 12, 150, 7);
  make_orthogonal(call);
  ask_for_weights(call);
  const heads::LassoReport report = run_lasso(call);
  EXPECT_EQ(report.genes_by_soft_threshold, 150);
  for (std::size_t s = 0; s < 4; ++s) EXPECT_LT(worst_violation(call, s), heads::kLassoTolerance);
  const std::vector<sdk::Matrix> soft = call.predictions;

  // One entry changed by a millionth: no longer orthogonal, but as good as the same problem.
  call.training(3, 5) += 1e-6;
  const heads::LassoReport changed = run_lasso(call);
  EXPECT_EQ(changed.genes_by_descent, 150);
  for (std::size_t s = 0; s < 4; ++s) EXPECT_LT((call.predictions[s] - soft[s]).cwiseAbs().maxCoeff(), 1e-5);
}

// Scores of a component without variance (fewer rows than components) are rounding noise in every direction.
TEST(Lasso, NoiseColumnsDoNotSpoilOrthogonality) {
  PredictorCall call = random_call(60, 10, 20, 9);
  make_orthogonal(call);
  call.training.col(9) = random_matrix(60, 1, 10) * 1e-14;
  const heads::LassoReport report = run_lasso(call);
  EXPECT_EQ(report.genes_by_soft_threshold, 20);
}

TEST(Lasso, ColumnsThatNearlyCopyEachOtherAreSolvedToOptimality) {
  PredictorCall call = random_call(40, 12, 40, 21);
  for (Eigen::Index j = 6; j < 12; ++j) {
    call.training.col(j) = call.training.col(j - 6) + 1e-4 * random_matrix(40, 1, static_cast<std::uint64_t>(j));
  }
  ask_for_weights(call);
  run_lasso(call);
  for (std::size_t s = 0; s < 4; ++s) EXPECT_LT(worst_violation(call, s), 3 * heads::kLassoTolerance) << s;
}

TEST(Lasso, ExactStepsEqualDescentAndMeetTheConditionsWhenFeaturesDepend) {
  const sdk::Matrix z = random_matrix(9, 6, 31);
  sdk::Matrix wide(9, 10);
  wide << z, z.leftCols(3), z.col(0) - z.col(1);  // four of ten depend on the others
  const Eigen::VectorXd y = random_matrix(9, 1, 32);
  const sdk::Matrix gram = wide.transpose() * wide;
  const Eigen::VectorXd c = wide.transpose() * y;
  for (const double threshold : {1e-4, 1e-2, 0.5}) {
    Eigen::VectorXd w = Eigen::VectorXd::Constant(10, 0.3);  // far from the solution, all active
    ASSERT_TRUE(heads::solve_lasso_by_active_set(gram, c, threshold, 1e-10, w));
    const Eigen::VectorXd residual = c - gram * w;
    for (Eigen::Index j = 0; j < 10; ++j) EXPECT_LT(heads::lasso_violation(w(j), residual(j), threshold), 2e-10);

    // The fit is unique although the weights are not.
    heads::LassoPath path(gram, {threshold});
    const auto lanes = static_cast<std::size_t>(path.lanes());
    std::vector<double> correlations(10 * lanes, 0.0);
    std::vector<double> weights(10 * lanes);
    for (std::size_t j = 0; j < 10; ++j) correlations[j * lanes] = c(static_cast<Eigen::Index>(j));
    path.solve(correlations.data(), {weights.data()});
    Eigen::VectorXd by_descent(10);
    for (std::size_t j = 0; j < 10; ++j) by_descent(static_cast<Eigen::Index>(j)) = weights[j * lanes];
    EXPECT_LT((wide * (w - by_descent)).cwiseAbs().maxCoeff(), kSolutionTolerance);
  }
}

TEST(Lasso, SettingsInAnyOrderAndTwice) {
  PredictorCall call = random_call(30, 6, 70, 41);
  run_lasso(call);
  const std::vector<sdk::Matrix> ascending = call.predictions;
  call.settings = column({1.0, 1e-3, 1e-1, 1e-3, 1e-2});
  run_lasso(call);
  const std::size_t same_as[] = {3, 0, 2, 0, 1};
  for (std::size_t s = 0; s < 5; ++s) EXPECT_TRUE(call.predictions[s] == ascending[same_as[s]]) << s;
}

TEST(Lasso, LargeAlphaPredictsTheTrainMean) {
  PredictorCall call = random_call(25, 5, 30, 43);
  call.settings = column({1e6});
  run_lasso(call);
  const Eigen::RowVectorXd mean = call.delta_rows.colwise().mean();
  EXPECT_LT((call.predictions[0].rowwise() - mean).cwiseAbs().maxCoeff(), 1e-14);
}

TEST(Lasso, ConstantFeaturesAndConstantGenes) {
  PredictorCall call = random_call(25, 4, 3, 45);
  call.training.setConstant(0.1);
  call.query = call.training.topRows(2);
  call.delta_rows.col(1).setConstant(-2.5);
  run_lasso(call);
  const Eigen::RowVectorXd mean = call.delta_rows.colwise().mean();
  for (const auto& prediction : call.predictions) {
    EXPECT_LT((prediction.rowwise() - mean).cwiseAbs().maxCoeff(), 1e-14);
  }
}

TEST(Lasso, OneTrainingRowIsItsOwnPrediction) {
  PredictorCall call = random_call(1, 3, 5, 47);
  run_lasso(call);
  for (const auto& prediction : call.predictions) {
    for (Eigen::Index q = 0; q < 4; ++q) EXPECT_TRUE(prediction.row(q) == call.delta_rows.row(0));
  }
}

TEST(Lasso, UsesOnlyTheNamedSharedRowsAndLeavesAbsentOnesOut) {
  PredictorCall call = random_call(20, 4, 70, 49);
  PredictorCall named = call;
  named.delta_rows = random_matrix(50, 70, 50);
  named.training_rows.clear();
  for (std::int32_t i = 0; i < 20; ++i) {
    named.training_rows.push_back(2 * i + 3);
    named.delta_rows.row(2 * i + 3) = call.delta_rows.row(i);
  }
  run_lasso(call);
  run_lasso(named);
  for (std::size_t s = 0; s < 4; ++s) EXPECT_TRUE(call.predictions[s] == named.predictions[s]);

  PredictorCall absent = named;
  absent.training.conservativeResize(21, Eigen::NoChange);
  absent.training.row(20).setZero();
  absent.training_rows.push_back(0);
  absent.training_present.assign(21, 1);
  absent.training_present[20] = 0;
  absent.query_present = {1, 0, 1, 1};
  run_lasso(absent);
  const Eigen::RowVectorXd mean = absent.training_deltas().colwise().mean();
  for (std::size_t s = 0; s < 4; ++s) {
    EXPECT_TRUE(absent.predictions[s].row(0) == call.predictions[s].row(0));
    EXPECT_LT((absent.predictions[s].row(1) - mean).cwiseAbs().maxCoeff(), 1e-14);
  }
}

TEST(Lasso, ThreadsDoNotChangeAByte) {
  PredictorCall call = random_call(40, 20, 700, 51);
  run_lasso(call, 1);
  const std::vector<sdk::Matrix> one = call.predictions;
  run_lasso(call, 3);
  for (std::size_t s = 0; s < 4; ++s) EXPECT_TRUE(call.predictions[s] == one[s]);
}

TEST(Lasso, NoQueriesNoRowsAndRefusedAlphas) {
  PredictorCall call = random_call(10, 3, 5, 53);
  call.query.resize(0, 3);
  run_lasso(call);
  EXPECT_EQ(call.feasible, (std::vector<std::uint8_t>{1, 1, 1, 1}));

  PredictorCall none = random_call(10, 3, 5, 54);
  none.training_present.assign(10, 0);
  run_lasso(none);
  EXPECT_EQ(none.feasible, (std::vector<std::uint8_t>{0, 0, 0, 0}));

  PredictorCall zero = random_call(10, 3, 5, 55);
  zero.settings = column({0.0});
  EXPECT_THROW(run_lasso(zero), sdk::Error);
}

}  // namespace lasso_test
}  // namespace headroom::testing
