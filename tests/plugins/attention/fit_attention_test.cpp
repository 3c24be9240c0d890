#include "attention/fit_attention.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "plugins/predictor_call.hpp"

namespace headroom::testing {
namespace fit_attention_test {

using attention::AttentionOptions;
using attention::Epoch;
using attention::Size;
using attention::TrainingOutcome;

// Deltas that two blocks tell half each, a nonlinear part among it, and a tenth of the rows that lack the second.
PredictorCall two_block_call(std::int64_t n_training, std::int64_t n_query) {
  std::mt19937_64 bits(5);
  std::normal_distribution<double> normal;
  const auto fill = [&](Eigen::Index rows, Eigen::Index cols) {
    sdk::Matrix m(rows, cols);
    for (Eigen::Index i = 0; i < m.size(); ++i) m.data()[i] = normal(bits);
    return m;
  };
  const sdk::Matrix first = fill(n_training + n_query, 4), second = fill(n_training + n_query, 3);
  const sdk::Matrix from_first = fill(4, 6), from_second = fill(3, 6);
  PredictorCall call;
  call.delta_rows = first * from_first + second.cwiseAbs() * from_second;
  call.training = first.topRows(n_training);
  call.query = first.bottomRows(n_query);
  FurtherBlock block;
  block.training = second.topRows(n_training);
  block.query = second.bottomRows(n_query);
  for (std::int64_t i = 0; i < n_training; ++i) {
    block.training_present.push_back(i % 10 != 0);
    if (i % 10 == 0) block.training.row(i).setZero();
  }
  call.further_blocks.push_back(block);
  call.settings = sdk::Matrix::Zero(1, 0);
  return call;
}

// Small and quick; its early stop is reached.
AttentionOptions quick(bool of_classes = false) {
  AttentionOptions options = attention::published_options(Size::simple, of_classes);
  options.width = 20;
  options.n_layers = 1;
  options.n_heads = 2;
  options.batch_rows = 16;
  options.learning_rate = 5e-3;
  options.most_epochs = 40;
  options.patience_epochs = 6;
  options.warm_up_epochs = 1;
  return options;
}

struct Fit {
  TrainingOutcome outcome;
  std::vector<Epoch> told;
};

Fit run(PredictorCall& call, const AttentionOptions& options, int n_threads = 1) {
  Fit fit;
  // The rows to be predicted lie below the training rows.
  call.run([&](const sdk::PredictorRequest& request, sdk::PredictorOutput& output) {
    fit.outcome = attention::fit_and_predict(request, options, n_threads,
                                             [&](const Epoch& epoch) { fit.told.push_back(epoch); }, output);
  });
  EXPECT_FALSE(call.wrote_outside);
  return fit;
}

double mean_row_error(const sdk::Matrix& predicted, const sdk::Matrix& truth) {
  return (predicted - truth).rowwise().norm().mean();
}

TEST(FitAttention, LearnsBetterThanTheTrainMean) {
  PredictorCall call = two_block_call(160, 40);
  const Fit fit = run(call, quick());
  const sdk::Matrix truth = call.delta_rows.bottomRows(40);
  const sdk::Matrix mean = call.delta_rows.topRows(160).colwise().mean().replicate(40, 1);
  EXPECT_LT(mean_row_error(call.predictions.at(0), truth), 0.6 * mean_row_error(mean, truth));
  EXPECT_EQ(fit.told.size(), fit.outcome.epochs.size());
  EXPECT_LT(fit.told.back().training_loss, fit.told.front().training_loss);
}

TEST(FitAttention, StopsEarlyAndKeepsTheBestEpoch) {
  PredictorCall call = two_block_call(60, 5);
  AttentionOptions options = quick();
  options.most_epochs = 400;
  options.learning_rate = 3e-2;  // soon as good as it gets
  const Fit fit = run(call, options);
  ASSERT_LT(fit.outcome.epochs.size(), 400u);
  const auto n = static_cast<std::int64_t>(fit.outcome.epochs.size());
  EXPECT_EQ(n - fit.outcome.best_epoch, options.patience_epochs);
  for (const Epoch& epoch : fit.outcome.epochs) EXPECT_GE(epoch.validation_loss, fit.outcome.best_validation_loss);
  // Trained to the best epoch alone, it predicts the same.
  const sdk::Matrix kept = call.predictions.at(0);
  options.most_epochs = fit.outcome.best_epoch;
  run(call, options);
  EXPECT_EQ(call.predictions.at(0), kept);
}

TEST(FitAttention, DependsOnTheSeedAndNotOnThreads) {
  PredictorCall call = two_block_call(70, 9);
  AttentionOptions options = quick();
  options.most_epochs = 3;
  run(call, options, 1);
  const sdk::Matrix first = call.predictions.at(0);
  run(call, options, 1);
  EXPECT_EQ(call.predictions.at(0), first);
  run(call, options, 3);
  EXPECT_EQ(call.predictions.at(0), first);
  options.training_seed += 1;
  run(call, options, 1);
  EXPECT_NE(call.predictions.at(0), first);
}

TEST(FitAttention, DoesNotDependOnThePerturbationsNumbers) {
  PredictorCall call = two_block_call(40, 4);
  AttentionOptions options = quick();
  options.most_epochs = 2;
  for (std::int32_t i = 0; i < 44; ++i) call.perturbations.push_back(i / 2);
  run(call, options);
  const sdk::Matrix first = call.predictions.at(0);
  for (std::int32_t& number : call.perturbations) number = 21 - number;
  run(call, options);
  EXPECT_EQ(call.predictions.at(0), first);
}

TEST(FitAttention, HoldsOutAFifthOfThePerturbationsWithAllTheirRows) {
  PredictorCall call = two_block_call(50, 2);
  for (std::int32_t i = 0; i < 52; ++i) call.perturbations.push_back(i / 2);
  call.run([&](const sdk::PredictorRequest& request, sdk::PredictorOutput& output) {
    const attention::ValidationSplit split = attention::validation_split(request, 20, 42);
    EXPECT_EQ(split.validation.size(), 10u) << "5 of 25, with two rows each";
    EXPECT_EQ(split.training.size(), 40u);
    for (std::size_t i = 0; i < split.validation.size(); i += 2) {
      EXPECT_EQ(split.validation[i] / 2, split.validation[i + 1] / 2);
    }
    // numpy.random.RandomState(42).permutation(25)[:5]
    const std::vector<std::int64_t> held_out = {0, 8, 11, 16, 23};
    for (std::size_t p = 0; p < held_out.size(); ++p) EXPECT_EQ(split.validation[2 * p] / 2, held_out[p]);
    output.prediction(0).setZero();
  });
}

TEST(FitAttention, LearnsClasses) {
  PredictorCall call = two_block_call(160, 40);
  const sdk::Matrix deltas = call.delta_rows;
  call.delta_rows = deltas.unaryExpr([](double d) { return d < -1 ? 0.0 : d > 1 ? 2.0 : 1.0; });
  call.n_classes = 3;
  call.training_labelled.assign(160, 1);
  call.training_labelled[3] = 0;
  call.delta_rows.row(3).setConstant(99);  // says nothing
  AttentionOptions options = quick(true);
  run(call, options);
  int n_right = 0;
  for (Eigen::Index i = 0; i < 40; ++i) {
    for (Eigen::Index g = 0; g < 6; ++g) {
      double sum = 0;
      int best = 0;
      for (int c = 0; c < 3; ++c) {
        sum += call.predictions.at(static_cast<std::size_t>(c))(i, g);
        if (call.predictions[static_cast<std::size_t>(c)](i, g) > call.predictions[static_cast<std::size_t>(best)](i, g))
          best = c;
      }
      EXPECT_NEAR(sum, 1, 1e-12);
      n_right += best == static_cast<int>(call.delta_rows(160 + i, g));
    }
  }
  EXPECT_GT(n_right, 120) << "of 240; guessing gets 80";
}

TEST(FitAttention, TellsWhatItCannotDo) {
  PredictorCall one = two_block_call(1, 1);
  EXPECT_THROW(run(one, quick()), sdk::Error) << "nothing to stop by";
  PredictorCall call = two_block_call(20, 2);
  AttentionOptions full = attention::published_options(Size::full, false);
  EXPECT_THROW(run(call, full), sdk::Error) << "no control profile";
  call.training.topRows(10).setConstant(1e300);
  EXPECT_THROW(run(call, quick()), sdk::Error) << "no single precision number";
}

}  // namespace fit_attention_test
}  // namespace headroom::testing
