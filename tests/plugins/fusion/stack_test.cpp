#include "fusion/stack.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "fusion/row_folds.hpp"
#include "fusion/stack_weights.hpp"
#include "heads/knn.hpp"
#include "heads/logistic.hpp"
#include "heads/ridge.hpp"
#include "plugins/fusion/simulated_embeddings.hpp"

namespace headroom::testing {
namespace stack_test {

using fusion::StackFit;

StackFit run_stack(PredictorCall& call, int n_threads = 1, const fusion::StackMemory& memory = {}) {
  StackFit fit;
  call.run([&](const sdk::PredictorRequest& request, sdk::PredictorOutput& output) {
    fit = call.n_classes > 0 ? fusion::predict_class_stack(request, n_threads, output, memory)
                             : fusion::predict_stack(request, n_threads, output, memory);
  });
  return fit;
}

std::vector<std::int64_t> folds_of(PredictorCall call) {
  std::vector<std::int64_t> folds;
  call.run([&](const sdk::PredictorRequest& request, sdk::PredictorOutput&) { folds = fusion::row_folds(request); });
  return folds;
}

sdk::Matrix rows_of(const sdk::Matrix& from, const std::vector<Eigen::Index>& rows) { return from(rows, Eigen::all); }

// A part's predictions of every training row from the rows outside of its fold, by the head itself.
sdk::Matrix out_of_fold(const PredictorCall& call, const StackFit::Part& part, const std::vector<std::int64_t>& folds,
                        double setting) {
  const sdk::Matrix& features =
      part.block == 0 ? call.training : call.further_blocks[static_cast<std::size_t>(part.block) - 1].training;
  sdk::Matrix predictions = sdk::Matrix::Zero(features.rows(), call.delta_rows.cols());
  for (std::int64_t fold = 0; fold < fusion::kRowFolds; ++fold) {
    std::vector<Eigen::Index> fitted, asked;
    for (Eigen::Index i = 0; i < features.rows(); ++i) {
      (folds[static_cast<std::size_t>(i)] == fold ? asked : fitted).push_back(i);
    }
    PredictorCall held_out;
    held_out.training = rows_of(features, fitted);
    held_out.query = rows_of(features, asked);
    held_out.delta_rows = rows_of(call.delta_rows, fitted);
    held_out.settings = column({setting});
    held_out.run([&](const auto& request, auto& output) {
      if (part.head == "knn") {
        heads::predict_knn(request, 1, output);
      } else {
        heads::predict_ridge(request, 1, output);
      }
    });
    for (std::size_t i = 0; i < asked.size(); ++i) {
      predictions.row(asked[i]) = held_out.predictions[0].row(static_cast<Eigen::Index>(i));
    }
  }
  return predictions;
}

double mean_error(const sdk::Matrix& prediction, const sdk::Matrix& truth) {
  return (prediction - truth).rowwise().norm().mean();
}

// Weights, settings and the error that is told, against predictions of the heads, gene by gene.
TEST(Stack, MinimisesTheErrorOfTheHeadsOutOfFoldPredictions) {
  const SimulatedScreen screen = simulated_screen(120, 5, 30);
  PredictorCall call = screen.call({screen.third(0, 81), screen.third(1, 82), screen.noise(84)});
  const StackFit fit = run_stack(call);
  EXPECT_TRUE(fit.is_converged);
  ASSERT_EQ(fit.parts.size(), 6u);
  const std::vector<std::int64_t> folds = folds_of(call);
  std::vector<sdk::Matrix> predicted;
  sdk::Matrix sum = sdk::Matrix::Zero(120, 30);
  double total = 0;
  for (const StackFit::Part& part : fit.parts) {
    EXPECT_GE(part.weight, 0);
    total += part.weight;
    const std::vector<double> grid =
        part.head == "knn" ? std::vector<double>{20, 40, 60, 80} : std::vector<double>{1, 1e2, 1e4, 1e6};
    const double chosen = mean_error(out_of_fold(call, part, folds, part.setting), call.delta_rows);
    for (const double setting : grid) {
      EXPECT_LE(chosen, mean_error(out_of_fold(call, part, folds, setting), call.delta_rows) * (1 + 1e-9))
          << part.head << " on block " << part.block << ", " << setting;
    }
    predicted.push_back(out_of_fold(call, part, folds, part.setting));
    sum += part.weight * predicted.back();
  }
  EXPECT_NEAR(total, 1, 1e-12);
  EXPECT_NEAR(fit.error, mean_error(sum, call.delta_rows), 1e-9);

  // Karush-Kuhn-Tucker: the slope towards each part is the same where it has weight, and no less elsewhere.
  std::vector<double> slopes;
  double least = HUGE_VAL;
  for (const sdk::Matrix& part : predicted) {
    const sdk::Matrix residual = sum - call.delta_rows;
    double slope = 0;
    for (Eigen::Index i = 0; i < residual.rows(); ++i) {
      slope += residual.row(i).dot(part.row(i) - call.delta_rows.row(i)) / residual.row(i).norm();
    }
    slopes.push_back(slope / 120);
    least = std::min(least, slopes.back());
  }
  for (std::size_t p = 0; p < slopes.size(); ++p) {
    if (fit.parts[p].weight > 1e-6) {
      EXPECT_NEAR(slopes[p], least, 1e-5 * fit.error) << p;
    }
  }
}

TEST(Stack, PredictsTheWeightedSumOfItsHeads) {
  const SimulatedScreen screen = simulated_screen(110, 4, 70);
  PredictorCall call = screen.call({screen.third(0, 81), screen.third(1, 82)});
  const StackFit fit = run_stack(call);
  sdk::Matrix sum = sdk::Matrix::Zero(4, 70);
  for (const StackFit::Part& part : fit.parts) {
    PredictorCall single =
        screen.call({screen.third(static_cast<int>(part.block), 81 + static_cast<std::uint64_t>(part.block))});
    single.settings = column({part.setting});
    single.run([&](const auto& request, auto& output) {
      if (part.head == "knn") {
        heads::predict_knn(request, 1, output);
      } else {
        heads::predict_ridge(request, 1, output);
      }
    });
    sum += part.weight * single.predictions[0];
  }
  EXPECT_LT((call.predictions[0] - sum).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_FALSE(call.wrote_outside);
}

TEST(Stack, ClosesMoreThanTheBestEmbeddingAndShrugsOffCopiesAndNoise) {
  const SimulatedScreen screen = simulated_screen(200, 120, 40);
  const auto closed = [&](const std::vector<std::pair<sdk::Matrix, sdk::Matrix>>& blocks) {
    PredictorCall call = screen.call(blocks);
    run_stack(call);
    return screen.closed(call.predictions[0]);
  };
  const auto a = screen.third(0, 81), b = screen.third(1, 82), c = screen.third(2, 83);
  const double best = std::max({closed({a}), closed({b}), closed({c})}), all = closed({a, b, c});
  EXPECT_GT(all, 1.3 * best);
  EXPECT_NEAR(closed({a, a, a}), closed({a}), 1e-3);
  EXPECT_GT(closed({a, b, c, screen.noise(84), screen.noise(85)}), all - 0.04);
}

TEST(Stack, PassesTheWeightOfAMissingBlockOn) {
  const SimulatedScreen screen = simulated_screen(110, 3, 20);
  PredictorCall call = screen.call({screen.third(0, 81), screen.third(1, 82)});
  call.further_blocks[0].query_present = {1, 0, 0};
  call.further_blocks[0].query.bottomRows(2).setZero();
  call.query_present = {1, 1, 0};
  call.query.row(2).setZero();
  for (std::size_t i = 0; i < 110; i += 7) {
    if (call.further_blocks[0].training_present.empty()) call.further_blocks[0].training_present.assign(110, 1);
    call.further_blocks[0].training_present[i] = 0;
    call.further_blocks[0].training.row(static_cast<Eigen::Index>(i)).setZero();
  }
  const StackFit fit = run_stack(call);
  // Query 1: the parts of block 0 alone, renormalised. Query 2: no block.
  sdk::Matrix sum = sdk::Matrix::Zero(1, 20);
  double total = 0;
  for (const StackFit::Part& part : fit.parts) {
    if (part.block != 0) continue;
    PredictorCall single = screen.call({screen.third(0, 81)});
    single.settings = column({part.setting});
    single.run([&](const auto& request, auto& output) {
      if (part.head == "knn") {
        heads::predict_knn(request, 1, output);
      } else {
        heads::predict_ridge(request, 1, output);
      }
    });
    sum += part.weight * single.predictions[0].row(1);
    total += part.weight;
  }
  ASSERT_GT(total, 0);
  EXPECT_LT((call.predictions[0].row(1) - sum.row(0) / total).cwiseAbs().maxCoeff(), 1e-4);
  const Eigen::RowVectorXd mean = call.delta_rows.colwise().mean();
  EXPECT_LT((call.predictions[0].row(2) - mean).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(Stack, TakesABlockThatNoRowHasAndASingleRow) {
  const SimulatedScreen screen = simulated_screen(110, 3, 20);
  PredictorCall call = screen.call({screen.third(0, 81), screen.third(1, 82)});
  call.further_blocks[0].training_present.assign(110, 0);
  call.further_blocks[0].training.setZero();
  call.further_blocks[0].query_present.assign(3, 0);
  call.further_blocks[0].query.setZero();
  const StackFit fit = run_stack(call);
  PredictorCall alone = screen.call({screen.third(0, 81)});
  run_stack(alone);
  EXPECT_LT((call.predictions[0] - alone.predictions[0]).cwiseAbs().maxCoeff(), 1e-9);
  EXPECT_EQ(fit.parts.size(), 2u);

  PredictorCall single = screen.call({screen.third(0, 81)});
  single.training = single.training.topRows(1).eval();
  single.delta_rows = single.delta_rows.topRows(1).eval();
  EXPECT_TRUE(run_stack(single).parts.empty());
  EXPECT_LT((single.predictions[0].rowwise() - single.delta_rows.row(0)).cwiseAbs().maxCoeff(), 1e-12);
}

TEST(Stack, DependsOnNoThreads) {
  const SimulatedScreen screen = simulated_screen(110, 9, 130);
  PredictorCall one = screen.call({screen.third(0, 81), screen.third(1, 82)}), three = one;
  run_stack(one, 1);
  run_stack(three, 3);
  EXPECT_TRUE(one.predictions[0] == three.predictions[0]);
}

TEST(Stack, IsTheSameInLittleMemory) {
  const SimulatedScreen screen = simulated_screen(110, 9, 30);
  PredictorCall much = screen.call({screen.third(0, 81), screen.third(1, 82)}), little = much;
  much.further_blocks[0].training_present.assign(110, 1);
  for (std::size_t i = 0; i < 110; i += 4) much.further_blocks[0].training_present[i] = 0;
  little.further_blocks[0].training_present = much.further_blocks[0].training_present;
  const StackFit fit = run_stack(much), again = run_stack(little, 2, {std::int64_t{7} * 4 * 110 * 16});
  EXPECT_NEAR(fit.error, again.error, 1e-10);
  EXPECT_LT((much.predictions[0] - little.predictions[0]).cwiseAbs().maxCoeff(), 1e-6);
}

TEST(Stack, HoldsOutPerturbationsWhole) {
  const SimulatedScreen screen = simulated_screen(40, 2, 3);
  PredictorCall call = screen.call({screen.third(0, 81)});
  for (std::int32_t i = 0; i < 42; ++i) call.perturbations.push_back(i % 14);
  const std::vector<std::int64_t> folds = folds_of(call);
  for (std::size_t i = 14; i < 40; ++i) EXPECT_EQ(folds[i], folds[i - 14]);
  EXPECT_EQ(std::set<std::int64_t>(folds.begin(), folds.end()).size(), 5u);
  // Other numbers of the same perturbations change nothing.
  PredictorCall renumbered = call;
  for (std::int32_t& number : renumbered.perturbations) number = 13 - number;
  EXPECT_EQ(folds_of(renumbered), folds);
}

// ---- weights alone ----

// Two predictions of errors e and f for every row: the weights of the row's least norm are known.
TEST(StackWeights, AreThoseOfTheLeastError) {
  fusion::ErrorForms forms(3, 2);
  for (std::int64_t row = 0; row < 3; ++row) {
    forms.set_has(row, 0);
    forms.set_has(row, 1);
    // |e|² = 4, |f|² = 1, e·f = 0: w minimises 4w² + (1 - w)²
    forms.of(row)[0] = 4;
    forms.of(row)[1] = 0;
    forms.of(row)[2] = 1;
  }
  const fusion::StackWeights found = fusion::stack_weights(forms);
  EXPECT_NEAR(found.weights[0], 0.2, 1e-5);
  EXPECT_NEAR(found.mean_error, std::sqrt(0.8), 1e-9);
}

TEST(StackWeights, CountOnlyRowsThatHaveAPrediction) {
  fusion::ErrorForms forms(3, 2);
  forms.set_has(0, 0);
  forms.of(0)[0] = 9;
  forms.set_has(1, 1);
  forms.of(1)[2] = 16;
  const fusion::StackWeights found = fusion::stack_weights(forms);  // row 2 has none
  EXPECT_NEAR(found.mean_error, 3.5, 1e-12);
  const Eigen::VectorXd own = fusion::weights_of_row(found.weights, [](Eigen::Index p) { return p == 1; });
  EXPECT_EQ(own[0], 0);
  EXPECT_EQ(own[1], 1);
}

// ---- classes ----

TEST(ClassStack, GivesProbabilitiesOfTheBlocksThatSay) {
  const SimulatedScreen screen = simulated_screen(90, 4, 70);
  PredictorCall call = screen.call({screen.third(0, 81), screen.noise(84)});
  call.n_classes = 3;
  call.delta_rows = (screen.deltas.topRows(90).array() * 0.4 + 1.0).round().max(0.0).min(2.0);
  call.training_labelled.assign(90, 1);
  call.training_labelled[5] = 0;
  call.query_present = {1, 1, 0, 0};
  call.query.bottomRows(2).setZero();
  call.further_blocks[0].query_present = {1, 0, 1, 0};
  call.further_blocks[0].query.row(1).setZero();
  call.further_blocks[0].query.row(3).setZero();
  const StackFit fit = run_stack(call, 2);
  ASSERT_EQ(fit.parts.size(), 2u);
  EXPECT_EQ(fit.parts[0].head, "logistic");
  EXPECT_GT(fit.parts[0].weight, 0.8);
  EXPECT_NEAR(fit.parts[0].weight + fit.parts[1].weight, 1, 1e-12);
  for (Eigen::Index q = 0; q < 4; ++q) {
    for (Eigen::Index g = 0; g < 70; ++g) {
      double sum = 0;
      for (std::size_t k = 0; k < 3; ++k) {
        EXPECT_GE(call.predictions[k](q, g), 0);
        sum += call.predictions[k](q, g);
      }
      ASSERT_NEAR(sum, 1, 1e-9);
    }
  }
  // Query 1 has block 0 alone: its head's own probabilities, the penalty shared by the genes as in one request.
  PredictorCall single = screen.call({screen.third(0, 81)});
  single.n_classes = 3;
  single.delta_rows = call.delta_rows;
  single.training_labelled = call.training_labelled;
  single.settings = column({fit.parts[0].setting});
  single.run([](const auto& request, auto& output) { heads::predict_logistic(request, 1, output); });
  for (std::size_t k = 0; k < 3; ++k) {
    EXPECT_LT((call.predictions[k].row(1) - single.predictions[k].row(1)).cwiseAbs().maxCoeff(), 1e-4) << k;
    EXPECT_TRUE(((call.predictions[k].row(3).array() == 0) || (call.predictions[k].row(3).array() == 1)).all());
  }
  PredictorCall again = call, parts = call;
  run_stack(again, 1);
  EXPECT_TRUE(again.predictions[1] == call.predictions[1]);
  const StackFit panels = run_stack(parts, 1, {1});  // a panel of genes at a time
  EXPECT_NEAR(panels.error, fit.error, 1e-5);
  EXPECT_EQ(panels.parts[0].setting, fit.parts[0].setting);
  EXPECT_LT((parts.predictions[2] - call.predictions[2]).cwiseAbs().maxCoeff(), 1e-4);
}

TEST(ClassStack, IsInfeasibleWithoutLabels) {
  const SimulatedScreen screen = simulated_screen(20, 2, 3);
  PredictorCall call = screen.call({screen.third(0, 81)});
  call.n_classes = 3;
  call.delta_rows.setZero();
  call.training_labelled.assign(20, 0);
  run_stack(call);
  EXPECT_EQ(call.feasible[0], 0);
}

}  // namespace stack_test
}  // namespace headroom::testing
