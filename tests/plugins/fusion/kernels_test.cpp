#include "fusion/kernels.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "fusion/dense_product.hpp"
#include "fusion/leave_one_out.hpp"
#include "plugins/fusion/simulated_embeddings.hpp"

namespace headroom::testing {
namespace kernels_test {

using fusion::KernelKind;
using fusion::KernelsFit;

const std::vector<KernelKind> kBoth = {KernelKind::linear, KernelKind::rbf};
// The reference solves each system anew, without the closed form.
constexpr double kReferenceTolerance = 1e-9;

sdk::Matrix matrix_of(const nlohmann::json& rows) {
  sdk::Matrix m(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(rows.at(0).size()));
  for (Eigen::Index i = 0; i < m.rows(); ++i) {
    for (Eigen::Index j = 0; j < m.cols(); ++j)
      m(i, j) = rows.at(static_cast<std::size_t>(i)).at(static_cast<std::size_t>(j)).get<double>();
  }
  return m;
}

nlohmann::json reference() {
  std::ifstream file(HEADROOM_SOURCE_DIR "/tests/reference/fusion/kernels.json");
  return nlohmann::json::parse(file);
}

PredictorCall reference_call(const nlohmann::json& data) {
  PredictorCall call;
  const auto& blocks = data.at("blocks");
  call.training = matrix_of(blocks.at(0).at("training"));
  call.query = matrix_of(blocks.at(0).at("query"));
  const auto& second = blocks.at(1);
  call.further_blocks.push_back({matrix_of(second.at("training")), matrix_of(second.at("query")),
                                 second.at("training_present").get<std::vector<std::uint8_t>>(),
                                 second.at("query_present").get<std::vector<std::uint8_t>>()});
  call.delta_rows = matrix_of(data.at("deltas"));
  call.settings = sdk::Matrix::Zero(1, 0);
  return call;
}

KernelsFit run_kernels(PredictorCall& call, const std::vector<KernelKind>& kinds = kBoth, int n_threads = 1,
                       std::int64_t most_kernel_bytes = std::int64_t{1} << 30) {
  KernelsFit fit;
  call.run([&](const sdk::PredictorRequest& request, sdk::PredictorOutput& output) {
    fit = fusion::predict_kernels(request, {kinds, most_kernel_bytes}, n_threads, output);
  });
  return fit;
}

sdk::Matrix gamma_of(const sdk::Matrix& deltas) {
  const sdk::Matrix centred = deltas.rowwise() - deltas.colwise().mean();
  return centred * centred.transpose();
}

double sum_of_weights(const KernelsFit& fit) {
  double sum = 0;
  for (const KernelsFit::Weight& weight : fit.weights) sum += weight.weight;
  return sum;
}

// Vectors that say nothing, of perturbations that are measured in three contexts: a row is easily told by the same
// perturbation's others, and a new perturbation by none.
TEST(Kernels, LeaveOutWholePerturbationsWhereTheQueryIsOfNewOnes) {
  constexpr Eigen::Index kPerts = 40, kContexts = 3, kQuery = 12, kGenes = 30, kFeatures = 6;
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  const auto matrix = [&](Eigen::Index rows, Eigen::Index columns) {
    return sdk::Matrix::NullaryExpr(rows, columns, [&] { return normal(random); }).eval();
  };
  const sdk::Matrix effects = matrix(kPerts, kGenes), vectors = matrix(kPerts, kFeatures);
  PredictorCall call;
  call.training.resize(kPerts * kContexts, kFeatures);
  call.delta_rows = 0.3 * matrix(kPerts * kContexts, kGenes);
  for (Eigen::Index row = 0; row < call.training.rows(); ++row) {
    call.training.row(row) = vectors.row(row % kPerts);
    call.delta_rows.row(row) += effects.row(row % kPerts);
    call.perturbations.push_back(static_cast<std::int32_t>(row % kPerts));
  }
  call.query = matrix(kQuery, kFeatures);
  for (Eigen::Index q = 0; q < kQuery; ++q) call.perturbations.push_back(static_cast<std::int32_t>(kPerts + q));
  call.settings = sdk::Matrix::Zero(1, 0);
  const double of_mean =
      (call.delta_rows.rowwise() - call.delta_rows.colwise().mean()).rowwise().norm().mean();  // about what is possible

  const KernelsFit honest = run_kernels(call);
  EXPECT_GT(*honest.loo_l2, 0.9 * of_mean);
  for (Eigen::Index q = 0; q < kQuery; ++q) call.perturbations[call.perturbations.size() - 1 - q] = 0;  // measured
  const KernelsFit of_measured = run_kernels(call);
  EXPECT_LT(*of_measured.loo_l2, 0.5 * of_mean) << "the same perturbation's other rows tell it";
  EXPECT_GT(honest.lambda.value_or(1e300), 10 * *of_measured.lambda);
}

TEST(Kernels, AreThoseOfTheReferenceAndSoAreTheirResiduals) {
  const nlohmann::json data = reference();
  PredictorCall call = reference_call(data);
  std::vector<fusion::BlockKernel> kernels;
  call.run([&](const sdk::PredictorRequest& request, sdk::PredictorOutput& output) {
    output.prediction(0).setZero();
    for (std::int64_t b = 0; b < 2; ++b) {
      for (fusion::BlockKernel& kernel : fusion::block_kernels(request, b, kBoth)) kernels.push_back(std::move(kernel));
    }
    for (std::size_t k = 0; k < 4; ++k) {
      sdk::Matrix query = sdk::Matrix::Zero(request.n_query(), request.n_training());
      fusion::add_query_kernel(request, kernels[k].frame, 1, 2, query);
      EXPECT_LT((query - matrix_of(data.at("query_kernels").at(k))).cwiseAbs().maxCoeff(), kReferenceTolerance) << k;
    }
  });
  ASSERT_EQ(kernels.size(), 4u);
  fusion::LeaveOneOut problem;
  for (std::size_t k = 0; k < 4; ++k) {
    const sdk::Matrix expected = matrix_of(data.at("kernels").at(k));
    for (Eigen::Index i = 0; i < expected.rows(); ++i) {
      for (Eigen::Index j = 0; j <= i; ++j) {
        ASSERT_NEAR(kernels[k].values.row(i)[j], expected(i, j), kReferenceTolerance) << k << ": " << i << ", " << j;
      }
    }
    problem.kernels.push_back(&kernels[k].values);
  }
  const sdk::Matrix gamma = gamma_of(call.delta_rows);
  problem.gamma = &gamma;
  const auto given = data.at("v").get<std::vector<double>>();
  const Eigen::VectorXd v = Eigen::Map<const Eigen::VectorXd>(given.data(), 4);
  Eigen::VectorXd gradient;
  const auto mean = fusion::mean_residual(problem, v, gradient);
  ASSERT_TRUE(mean);
  EXPECT_NEAR(*mean, data.at("loo_of_v").get<double>(), kReferenceTolerance);
  // The derivatives against central differences.
  for (Eigen::Index k = 0; k < 4; ++k) {
    constexpr double kStep = 1e-5;
    Eigen::VectorXd above = v, below = v, unused;
    above[k] += kStep;
    below[k] -= kStep;
    const double slope =
        (*fusion::mean_residual(problem, above, unused) - *fusion::mean_residual(problem, below, unused)) / (2 * kStep);
    EXPECT_NEAR(gradient[k], slope, 1e-8) << k;
  }
}

TEST(Kernels, FindThePenaltyOfOneKernel) {
  const nlohmann::json data = reference();
  for (const auto& expected : data.at("alone")) {
    PredictorCall call = reference_call(data);
    call.further_blocks.clear();
    const KernelKind kind = expected.at("kind") == "rbf" ? KernelKind::rbf : KernelKind::linear;
    const KernelsFit fit = run_kernels(call, {kind});
    ASSERT_EQ(fit.weights.size(), 1u);
    EXPECT_EQ(fit.weights[0].weight, 1.0);
    EXPECT_NEAR(*fit.lambda / expected.at("lambda").get<double>(), 1, 1e-3);  // the residual is flat about its minimum
    EXPECT_NEAR(*fit.loo_l2, expected.at("loo").get<double>(), 1e-8);
    EXPECT_LT((call.predictions[0] - matrix_of(expected.at("prediction"))).cwiseAbs().maxCoeff(), 1e-3);
    EXPECT_FALSE(call.wrote_outside);
  }
}

// First-order conditions of the minimum over w >= 0: no slope along a weight in use, none downwards along the others.
TEST(Kernels, EndAtAMinimum) {
  PredictorCall call = reference_call(reference());
  const KernelsFit fit = run_kernels(call);
  EXPECT_TRUE(fit.is_converged);
  EXPECT_NEAR(sum_of_weights(fit), 1, 1e-12);
  std::vector<fusion::BlockKernel> kernels;
  call.run([&](const sdk::PredictorRequest& request, sdk::PredictorOutput&) {
    for (std::int64_t b = 0; b < 2; ++b) {
      for (fusion::BlockKernel& kernel : fusion::block_kernels(request, b, kBoth)) kernels.push_back(std::move(kernel));
    }
  });
  fusion::LeaveOneOut problem;
  for (const fusion::BlockKernel& kernel : kernels) problem.kernels.push_back(&kernel.values);
  const sdk::Matrix gamma = gamma_of(call.delta_rows);
  problem.gamma = &gamma;
  Eigen::VectorXd v(4), gradient;
  for (Eigen::Index k = 0; k < 4; ++k) v[k] = fit.weights[static_cast<std::size_t>(k)].weight / *fit.lambda;
  EXPECT_NEAR(*fusion::mean_residual(problem, v, gradient), *fit.loo_l2, 1e-12);
  for (Eigen::Index k = 0; k < 4; ++k) {
    if (v[k] > 0) {
      EXPECT_LT(std::abs(gradient[k]) * v[k], 1e-4 * *fit.loo_l2) << k;
    }
    EXPECT_GT(gradient[k] * v.sum(), -1e-4 * *fit.loo_l2) << k;
  }
}

TEST(Kernels, CloseMoreThanTheBestEmbeddingAndShrugOffCopiesAndNoise) {
  const SimulatedScreen screen = simulated_screen(160, 120, 40);
  const auto closed = [&](const std::vector<std::pair<sdk::Matrix, sdk::Matrix>>& blocks) {
    PredictorCall call = screen.call(blocks);
    run_kernels(call);
    return screen.closed(call.predictions[0]);
  };
  const auto a = screen.third(0, 81), b = screen.third(1, 82), c = screen.third(2, 83);
  const double best = std::max({closed({a}), closed({b}), closed({c})}), all = closed({a, b, c});
  EXPECT_GT(all, 1.3 * best);
  EXPECT_NEAR(closed({a, a, a}), closed({a}), 1e-3);
  EXPECT_GT(closed({a, b, c, screen.noise(84), screen.noise(85)}), all - 0.04);
}

// Beyond the rows that are searched to the end, a part of them leads: the minimum is the same within what it is worth.
TEST(Kernels, FindAsMuchByPartsOfManyRows) {
  const SimulatedScreen screen = simulated_screen(760, 20, 8);
  PredictorCall call = screen.call({screen.third(0, 81), screen.noise(84)});
  const KernelsFit fit = run_kernels(call, {KernelKind::linear}, 2);
  EXPECT_GT(fit.weights[0].weight, 0.95);
  PredictorCall alone = screen.call({screen.third(0, 81)});
  EXPECT_LT(*fit.loo_l2, *run_kernels(alone, {KernelKind::linear}, 2).loo_l2 * (1 + 1e-4));
}

// Where not all kernels fit, the weights come from a part of the rows, and the model is fitted on all: what the
// residual loses is little, and it is that of all rows.
TEST(Kernels, FitAllRowsWithTheWeightsOfThoseThatFit) {
  const SimulatedScreen screen = simulated_screen(240, 40, 20);
  PredictorCall whole = screen.call({screen.third(0, 81), screen.third(1, 82), screen.noise(84)}), part = whole;
  const KernelsFit all = run_kernels(whole), few = run_kernels(part, kBoth, 2, 6 * 120 * 120 / 2 * sizeof(double));
  EXPECT_GT(*few.loo_l2, *all.loo_l2);
  EXPECT_LT(*few.loo_l2, 1.02 * *all.loo_l2);
  EXPECT_NEAR(screen.closed(part.predictions[0]), screen.closed(whole.predictions[0]), 0.02);
}

TEST(Kernels, DependOnNoThreads) {
  const SimulatedScreen screen = simulated_screen(150, 9, 130);
  PredictorCall one = screen.call({screen.third(0, 81), screen.third(1, 82)}), three = one;
  const KernelsFit fit = run_kernels(one, kBoth, 1), again = run_kernels(three, kBoth, 3);
  EXPECT_TRUE(one.predictions[0] == three.predictions[0]);
  for (std::size_t k = 0; k < fit.weights.size(); ++k) EXPECT_EQ(fit.weights[k].weight, again.weights[k].weight);
}

TEST(Kernels, PredictTheTrainMeanWhereNothingIsKnown) {
  const SimulatedScreen screen = simulated_screen(30, 3, 5);
  const Eigen::RowVectorXd mean = screen.deltas.topRows(30).colwise().mean();
  PredictorCall call = screen.call({screen.third(0, 81), screen.third(1, 82)});
  call.query_present = {1, 0, 1};
  call.query.row(1).setZero();
  call.further_blocks[0].query_present = {1, 0, 0};
  call.further_blocks[0].query.bottomRows(2).setZero();
  run_kernels(call);
  EXPECT_LT((call.predictions[0].row(1) - mean).cwiseAbs().maxCoeff(), 1e-12);
  EXPECT_GT((call.predictions[0].row(2) - mean).cwiseAbs().maxCoeff(), 1e-3);

  // A block without a row, and one whose rows are all alike, have no kernel.
  PredictorCall absent = screen.call({screen.third(0, 81), screen.third(1, 82), screen.third(2, 83)});
  absent.further_blocks[0].training_present.assign(30, 0);
  absent.further_blocks[0].training.setZero();
  absent.further_blocks[0].query_present.assign(3, 0);
  absent.further_blocks[0].query.setZero();
  absent.further_blocks[1].training.setOnes();
  const KernelsFit fit = run_kernels(absent);
  ASSERT_EQ(fit.weights.size(), 6u);
  for (std::size_t k = 2; k < 6; ++k) EXPECT_EQ(fit.weights[k].weight, 0) << k;
  PredictorCall alone = screen.call({screen.third(0, 81)});
  run_kernels(alone);
  EXPECT_LT((absent.predictions[0] - alone.predictions[0]).cwiseAbs().maxCoeff(), 1e-6);

  PredictorCall nothing = screen.call({screen.third(0, 81)});
  nothing.training.setZero();
  const KernelsFit none = run_kernels(nothing);
  EXPECT_FALSE(none.lambda);
  EXPECT_EQ(none.weights[0].weight, 0);
  EXPECT_LT((nothing.predictions[0].rowwise() - mean).cwiseAbs().maxCoeff(), 1e-12);

  for (const Eigen::Index n : {1, 2}) {  // too few to leave one out
    PredictorCall few = screen.call({screen.third(0, 81)});
    few.training = few.training.topRows(n).eval();
    few.delta_rows = few.delta_rows.topRows(n).eval();
    EXPECT_EQ(run_kernels(few).loo_l2.has_value(), n == 2);
    EXPECT_LT((few.predictions[0].rowwise() - few.delta_rows.colwise().mean()).cwiseAbs().maxCoeff(), 1e-12);
  }
}

}  // namespace kernels_test
}  // namespace headroom::testing
