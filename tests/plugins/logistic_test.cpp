// The head `logistic` against a plain Newton method that knows no tricks, and against the conditions of the optimum.
#include "heads/logistic.hpp"

#include <gtest/gtest.h>

#include <Eigen/Cholesky>
#include <cmath>
#include <optional>

#include "plugins/predictor_call.hpp"

namespace headroom::testing {
namespace logistic_test {

constexpr double kGradient = 1e-7;  // what the head promises

// Gives the number of fits that were given up.
std::int64_t run_logistic(PredictorCall& call, int n_threads = 1) {
  std::int64_t n_unfinished = 0;
  call.run(
      [&](const auto& request, auto& output) { n_unfinished = heads::predict_logistic(request, n_threads, output); });
  return n_unfinished;
}

// One gene's problem as the protocol writes it: weights of all three classes, a bias each, classes that are absent left
// out of everything.
struct PlainProblem {
  sdk::Matrix features;  // rows × features
  std::vector<int> classes;
  double penalty = 0.0;  // G / C

  std::vector<int> present() const {
    std::vector<int> found;
    for (int k = 0; k < 3; ++k) {
      if (std::find(classes.begin(), classes.end(), k) != classes.end()) found.push_back(k);
    }
    return found;
  }
  double weight(std::size_t row) const {
    const double n = static_cast<double>(classes.size());
    return n / (3.0 * static_cast<double>(std::count(classes.begin(), classes.end(), classes[row])));
  }
  double total_weight() const {
    double sum = 0.0;
    for (std::size_t i = 0; i < classes.size(); ++i) sum += weight(i);
    return sum;
  }
  // weights: features + 1 × present classes, the last row the biases.
  Eigen::VectorXd logits(const sdk::Matrix& weights, Eigen::Index row) const {
    Eigen::VectorXd z = weights.bottomRows(1).transpose();
    z += weights.topRows(features.cols()).transpose() * features.row(row).transpose();
    return z;
  }
  static Eigen::VectorXd softmax(const Eigen::VectorXd& z) {
    const Eigen::VectorXd e = (z.array() - z.maxCoeff()).exp();
    return e / e.sum();
  }
  double objective(const sdk::Matrix& weights) const {
    const std::vector<int> known = present();
    double sum = 0.0;
    for (std::size_t i = 0; i < classes.size(); ++i) {
      const Eigen::VectorXd z = logits(weights, static_cast<Eigen::Index>(i));
      const auto k = std::find(known.begin(), known.end(), classes[i]) - known.begin();
      const double largest = z.maxCoeff();
      sum += weight(i) * (largest + std::log((z.array() - largest).exp().sum()) - z[k]);
    }
    return sum / total_weight() + penalty * weights.topRows(features.cols()).squaredNorm();
  }
  sdk::Matrix gradient(const sdk::Matrix& weights) const {
    const std::vector<int> known = present();
    sdk::Matrix sum = sdk::Matrix::Zero(weights.rows(), weights.cols());
    for (std::size_t i = 0; i < classes.size(); ++i) {
      const auto row = static_cast<Eigen::Index>(i);
      Eigen::VectorXd r = softmax(logits(weights, row));
      r[std::find(known.begin(), known.end(), classes[i]) - known.begin()] -= 1.0;
      r *= weight(i) / total_weight();
      sum.topRows(features.cols()) += features.row(row).transpose() * r.transpose();
      sum.bottomRows(1) += r.transpose();
    }
    sum.topRows(features.cols()) += 2.0 * penalty * weights.topRows(features.cols());
    return sum;
  }
  // Newton steps with halving, until the gradient is far below the promise. The biases' common shift, which changes
  // nothing, is held at zero by a square of their sum.
  sdk::Matrix minimum() const {
    const auto k = static_cast<Eigen::Index>(present().size());
    const Eigen::Index p = features.cols() + 1;
    sdk::Matrix weights = sdk::Matrix::Zero(p, k);
    for (int step = 0; step < 200; ++step) {
      const sdk::Matrix g = gradient(weights);
      if (g.cwiseAbs().maxCoeff() < 1e-12) break;
      Eigen::MatrixXd hessian = Eigen::MatrixXd::Zero(p * k, p * k);
      for (std::size_t i = 0; i < classes.size(); ++i) {
        const auto row = static_cast<Eigen::Index>(i);
        const Eigen::VectorXd s = softmax(logits(weights, row));
        Eigen::MatrixXd curvature = s.asDiagonal();
        curvature -= s * s.transpose();
        Eigen::VectorXd x(p);
        x << features.row(row).transpose(), 1.0;
        const Eigen::MatrixXd outer = weight(i) / total_weight() * x * x.transpose();
        for (Eigen::Index a = 0; a < k; ++a) {
          for (Eigen::Index b = 0; b < k; ++b) hessian.block(a * p, b * p, p, p) += curvature(a, b) * outer;
        }
      }
      for (Eigen::Index a = 0; a < k; ++a) {
        for (Eigen::Index d = 0; d + 1 < p; ++d) hessian(a * p + d, a * p + d) += 2.0 * penalty;
        for (Eigen::Index b = 0; b < k; ++b) hessian(a * p + p - 1, b * p + p - 1) += 1.0;
      }
      const Eigen::MatrixXd columns = g;  // column-major: one class after the other
      const Eigen::VectorXd direction = -hessian.ldlt().solve(Eigen::Map<const Eigen::VectorXd>(columns.data(), p * k));
      const sdk::Matrix along = Eigen::Map<const Eigen::MatrixXd>(direction.data(), p, k);
      const double start = objective(weights);
      double length = 1.0;
      while (length > 1e-10 && objective(weights + length * along) > start) length *= 0.5;
      if (length <= 1e-10) break;
      weights += length * along;
    }
    return weights;
  }
};

PlainProblem problem_of(const PredictorCall& call, Eigen::Index gene, std::size_t setting) {
  PlainProblem problem;
  std::vector<Eigen::Index> rows;
  for (Eigen::Index i = 0; i < call.training.rows(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (!call.training_labelled.empty() && !call.training_labelled[at]) continue;
    if (!call.training_present.empty() && !call.training_present[at]) continue;
    rows.push_back(i);
  }
  problem.features.resize(static_cast<Eigen::Index>(rows.size()), call.training.cols());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    problem.features.row(static_cast<Eigen::Index>(i)) = call.training.row(rows[i]);
    problem.classes.push_back(static_cast<int>(call.training_deltas()(rows[i], gene)));
  }
  problem.penalty = static_cast<double>(call.delta_rows.cols()) / call.settings(static_cast<Eigen::Index>(setting), 0);
  return problem;
}

// Queries whose predictions tell the weights: the origin, and a step along each feature.
void ask_for_weights(PredictorCall& call) {
  const Eigen::Index p = call.training.cols();
  call.query = sdk::Matrix::Zero(p + 1, p);
  call.query.topRows(p) = sdk::Matrix::Identity(p, p);
}

// Weights and biases (features + 1 × present classes) from predictions at those queries; weights sum to zero.
sdk::Matrix weights_of(const PredictorCall& call, Eigen::Index gene, std::size_t setting,
                       const std::vector<int>& present) {
  const Eigen::Index p = call.training.cols();
  sdk::Matrix logits(p + 1, static_cast<Eigen::Index>(present.size()));
  for (std::size_t k = 0; k < present.size(); ++k) {
    const auto plane = setting * 3 + static_cast<std::size_t>(present[k]);
    logits.col(static_cast<Eigen::Index>(k)) = call.predictions[plane].col(gene).array().log();
  }
  const Eigen::VectorXd means = logits.rowwise().mean();
  logits.colwise() -= means;
  sdk::Matrix weights = logits;
  weights.topRows(p).rowwise() -= logits.row(p);
  return weights;
}

void expect_probabilities(const PredictorCall& call) {
  ASSERT_FALSE(call.wrote_outside);
  for (Eigen::Index s = 0; s < call.settings.rows(); ++s) {
    sdk::Matrix sum = sdk::Matrix::Zero(call.query.rows(), call.delta_rows.cols());
    for (Eigen::Index k = 0; k < call.n_classes; ++k) {
      const sdk::Matrix& plane = call.predictions[static_cast<std::size_t>(s * call.n_classes + k)];
      ASSERT_TRUE((plane.array() >= 0.0).all());
      sum += plane;
    }
    ASSERT_LT((sum.array() - 1.0).abs().maxCoeff(), 1e-12);
  }
}

// Labels that follow the features with noise: `share` of the rows down and as many up, at least one each.
sdk::Matrix random_labels(const sdk::Matrix& training, Eigen::Index genes, double share, double noise,
                          std::uint64_t seed) {
  const sdk::Matrix weights = random_matrix(training.cols(), genes, seed);
  const sdk::Matrix scores = training * weights + noise * std::sqrt(static_cast<double>(training.cols())) *
                                                      random_matrix(training.rows(), genes, seed + 1);
  sdk::Matrix labels = sdk::Matrix::Ones(training.rows(), genes);
  for (Eigen::Index g = 0; g < genes; ++g) {
    std::vector<double> sorted(static_cast<std::size_t>(training.rows()));
    for (std::size_t i = 0; i < sorted.size(); ++i) sorted[i] = scores(static_cast<Eigen::Index>(i), g);
    std::sort(sorted.begin(), sorted.end());
    const auto few = std::max<std::size_t>(1, static_cast<std::size_t>(share * static_cast<double>(sorted.size())));
    for (Eigen::Index i = 0; i < training.rows(); ++i) {
      if (scores(i, g) <= sorted[few - 1]) labels(i, g) = 0.0;
      if (scores(i, g) >= sorted[sorted.size() - few]) labels(i, g) = 2.0;
    }
  }
  return labels;
}

PredictorCall random_call(std::int64_t n, std::int64_t p, std::int64_t genes, double noise, std::uint64_t seed) {
  PredictorCall call;
  call.n_classes = 3;
  call.training = random_matrix(n, p, seed);
  for (Eigen::Index d = 0; d < p; ++d) call.training.col(d) *= 3.0 / (1.0 + static_cast<double>(d));
  call.training.rowwise() += 0.3 * random_matrix(1, p, seed + 1).row(0);
  call.delta_rows = random_labels(call.training, genes, 0.2, noise, seed + 2);
  call.settings = column({1.0, 1e3, 1e5, 1e7});
  ask_for_weights(call);
  return call;
}

void expect_optimum(const PredictorCall& call, const std::string& what) {
  for (std::size_t s = 0; s < static_cast<std::size_t>(call.settings.rows()); ++s) {
    for (Eigen::Index g = 0; g < call.delta_rows.cols(); ++g) {
      const PlainProblem problem = problem_of(call, g, s);
      const std::vector<int> present = problem.present();
      if (present.size() < 2) continue;
      const sdk::Matrix weights = weights_of(call, g, s, present);
      ASSERT_LT(problem.gradient(weights).cwiseAbs().maxCoeff(), kGradient)
          << what << ", setting " << s << ", gene " << g;
    }
  }
}

TEST(Logistic, GradientVanishesOverShapes) {
  std::uint64_t seed = 500;
  for (const std::int64_t n : {3, 12, 90}) {
    for (const std::int64_t p : {1, 6, 30}) {
      for (const std::int64_t genes : {1, 9, 70}) {
        PredictorCall call = random_call(n, p, genes, 1.0, seed += 10);
        EXPECT_EQ(run_logistic(call), 0);
        expect_probabilities(call);
        expect_optimum(call, std::to_string(n) + " rows, " + std::to_string(p) + " features");
      }
    }
  }
}

TEST(Logistic, EqualsNewton) {
  for (const std::int64_t n : {8, 60}) {
    for (const std::int64_t p : {2, 12}) {
      PredictorCall call = random_call(n, p, 6, 1.0, static_cast<std::uint64_t>(700 + n + p));
      run_logistic(call);
      for (std::size_t s = 0; s < 4; ++s) {
        for (Eigen::Index g = 0; g < 6; ++g) {
          const PlainProblem problem = problem_of(call, g, s);
          const sdk::Matrix ours = weights_of(call, g, s, problem.present());
          const sdk::Matrix theirs = problem.minimum();
          // A gradient h of a function that is strongly convex with 2λ: at most h² / 4λ above the minimum.
          const double bound = kGradient * kGradient * static_cast<double>(ours.size()) / (4.0 * problem.penalty);
          EXPECT_LT(problem.objective(ours), problem.objective(theirs) + bound + 1e-12) << n << ", " << p << ", " << s;
          EXPECT_GT(problem.objective(ours), problem.objective(theirs) - 1e-12);
          if (problem.penalty < 1e-4) continue;
          EXPECT_LT((ours - theirs).cwiseAbs().maxCoeff(), 1e-3) << n << " rows, setting " << s << ", gene " << g;
        }
      }
    }
  }
}

TEST(Logistic, ClassesThatAFeatureSeparatesAtTheWeakestPenalty) {
  PredictorCall call = random_call(50, 4, 3, 0.0, 801);
  run_logistic(call);
  expect_probabilities(call);
  expect_optimum(call, "separable");
  // Every training row is then told apart.
  call.query = call.training;
  run_logistic(call);
  for (Eigen::Index i = 0; i < 50; ++i) {
    for (Eigen::Index g = 0; g < 3; ++g) {
      const auto truth = static_cast<std::size_t>(call.delta_rows(i, g));
      EXPECT_GT(call.predictions[9 + truth](i, g), 0.5);
    }
  }
}

TEST(Logistic, AbsentClassesHaveProbabilityZeroAndOneClassIsCertain) {
  PredictorCall call = random_call(40, 5, 8, 1.0, 811);
  for (Eigen::Index i = 0; i < 40; ++i) {
    double* row = call.delta_rows.data() + i * 8;
    if (row[0] == 0.0) row[0] = 1.0;                     // no row is down
    if (row[1] == 1.0) row[1] = i % 2 == 0 ? 0.0 : 2.0;  // down and up only
    row[2] = 2.0;
    row[3] = 1.0;
    if (row[4] == 2.0) row[4] = 0.0;
  }
  run_logistic(call);
  expect_probabilities(call);
  expect_optimum(call, "absent classes");
  for (std::size_t s = 0; s < 4; ++s) {
    EXPECT_TRUE((call.predictions[s * 3 + 0].col(0).array() == 0.0).all());
    EXPECT_TRUE((call.predictions[s * 3 + 1].col(1).array() == 0.0).all());
    EXPECT_TRUE((call.predictions[s * 3 + 2].col(2).array() == 1.0).all());
    EXPECT_TRUE((call.predictions[s * 3 + 1].col(3).array() == 1.0).all());
    EXPECT_TRUE((call.predictions[s * 3 + 2].col(4).array() == 0.0).all());
  }
}

TEST(Logistic, TwoClassesAreAMatterOfOneLogit) {
  PredictorCall call = random_call(40, 3, 5, 1.0, 821);
  call.delta_rows = call.delta_rows.cwiseMin(1.0);
  PredictorCall three = call;
  call.n_classes = 2;
  run_logistic(call);
  expect_probabilities(call);
  run_logistic(three);
  for (std::size_t s = 0; s < 4; ++s) {
    EXPECT_TRUE(call.predictions[s * 2] == three.predictions[s * 3]);
    EXPECT_TRUE(call.predictions[s * 2 + 1] == three.predictions[s * 3 + 1]);
  }
}

// Features that say nothing: balanced classes are all alike, and the first of them is the largest.
TEST(Logistic, ConstantFeaturesTieAllClasses) {
  PredictorCall call = random_call(30, 4, 5, 1.0, 831);
  call.training.setConstant(0.7);
  call.query = call.training.topRows(2);
  run_logistic(call);
  expect_probabilities(call);
  for (const sdk::Matrix& plane : call.predictions) EXPECT_LT((plane.array() - 1.0 / 3.0).abs().maxCoeff(), 1e-12);
  for (std::size_t s = 0; s < 4; ++s) {
    EXPECT_TRUE((call.predictions[s * 3].array() >= call.predictions[s * 3 + 1].array()).all());
    EXPECT_TRUE((call.predictions[s * 3].array() >= call.predictions[s * 3 + 2].array()).all());
  }
}

TEST(Logistic, FewerRowsThanFeatures) {
  PredictorCall call = random_call(9, 40, 4, 1.0, 841);
  run_logistic(call);
  expect_probabilities(call);
  expect_optimum(call, "nine rows, forty features");
}

TEST(Logistic, RowsWithoutLabelsOrFeaturesAreLeftOut) {
  PredictorCall call = random_call(50, 5, 7, 1.0, 851);
  call.training_labelled.assign(50, 1);
  call.training_present.assign(50, 1);
  for (std::size_t i = 0; i < 50; i += 7) call.training_labelled[i] = 0;
  call.training_present[10] = 0;
  for (std::size_t i = 0; i < 50; ++i) {
    if (!call.training_labelled[i]) call.delta_rows.row(static_cast<Eigen::Index>(i)).setConstant(-9.0);
  }
  run_logistic(call);
  expect_probabilities(call);
  expect_optimum(call, "masked rows");
}

TEST(Logistic, AbsentQueriesGetTheMostFrequentClassAndTheLowestOfEquals) {
  PredictorCall call;
  call.n_classes = 3;
  call.training = random_matrix(5, 2, 861);
  call.query = random_matrix(3, 2, 862);
  call.query_present = {1, 0, 1};
  call.delta_rows.resize(5, 3);
  call.delta_rows << 0, 2, 1,  //
      2, 2, 0,                 //
      0, 1, 1,                 //
      2, 1, 2,                 //
      1, 0, 1;
  call.training_present = {1, 1, 1, 1, 0};  // it has labels all the same
  call.settings = column({1.0, 1e5});
  run_logistic(call);
  expect_probabilities(call);
  for (std::size_t s = 0; s < 2; ++s) {
    EXPECT_EQ(call.predictions[s * 3 + 0](1, 0), 1.0);
    EXPECT_EQ(call.predictions[s * 3 + 1](1, 1), 1.0);
    EXPECT_EQ(call.predictions[s * 3 + 1](1, 2), 1.0);
  }
}

TEST(Logistic, ThreadsOrderOfSettingsAndOtherGenesDoNotChangeAByte) {
  PredictorCall call = random_call(40, 6, 600, 1.0, 871);
  run_logistic(call, 1);
  const std::vector<sdk::Matrix> one = call.predictions;
  run_logistic(call, 3);
  for (std::size_t s = 0; s < one.size(); ++s) EXPECT_TRUE(call.predictions[s] == one[s]) << s;
  call.settings = column({1e7, 1e3, 1.0, 1e5});
  run_logistic(call, 2);
  for (std::size_t k = 0; k < 3; ++k) EXPECT_TRUE(call.predictions[k] == one[9 + k]);
  // The same genes in the opposite order meet in other groups.
  PredictorCall turned = call;
  turned.delta_rows = call.delta_rows.rowwise().reverse();
  run_logistic(turned);
  for (std::size_t s = 0; s < one.size(); ++s) {
    EXPECT_TRUE(turned.predictions[s] == sdk::Matrix(call.predictions[s].rowwise().reverse())) << s;
  }
}

TEST(Logistic, ASettingsNumbersDoNotDependOnItsGrid) {
  PredictorCall call = random_call(40, 6, 20, 1.0, 875);
  call.settings = column({1.0, 50.0, 1e3, 1e5, 3e5, 1e7, 0.1, 1e5});
  run_logistic(call);
  expect_probabilities(call);
  expect_optimum(call, "settings beside the default ones");
  for (Eigen::Index s = 0; s < call.settings.rows(); ++s) {
    PredictorCall alone = call;
    alone.settings = call.settings.row(s);
    run_logistic(alone);
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_TRUE(alone.predictions[k] == call.predictions[static_cast<std::size_t>(s) * 3 + k]) << "setting " << s;
    }
  }
}

TEST(Logistic, FeaturesOfAnyScaleGiveProbabilities) {
  for (const double scale : {1e-8, 1e3, 1e8}) {
    PredictorCall call = random_call(60, 6, 12, 1.0, 877);
    call.training *= scale;
    call.query *= scale;
    run_logistic(call);
    expect_probabilities(call);
  }
}

TEST(Logistic, NoQueriesNoRowsAndWhatIsRefused) {
  PredictorCall call = random_call(10, 3, 5, 1.0, 881);
  call.query.resize(0, 3);
  run_logistic(call);
  EXPECT_EQ(call.feasible, (std::vector<std::uint8_t>{1, 1, 1, 1}));
  PredictorCall none = random_call(10, 3, 5, 1.0, 882);
  none.training_labelled.assign(10, 0);
  run_logistic(none);
  EXPECT_EQ(none.feasible, (std::vector<std::uint8_t>{0, 0, 0, 0}));
  PredictorCall zero = random_call(10, 3, 5, 1.0, 883);
  zero.settings = column({0.0});
  EXPECT_THROW(run_logistic(zero), sdk::Error);
  PredictorCall five = random_call(10, 3, 5, 1.0, 884);
  five.n_classes = 5;
  EXPECT_THROW(run_logistic(five), sdk::Unsupported);
  PredictorCall half = random_call(10, 3, 5, 1.0, 885);
  half.delta_rows(3, 2) = 0.5;
  EXPECT_THROW(run_logistic(half), sdk::Error);
}

}  // namespace logistic_test
}  // namespace headroom::testing
