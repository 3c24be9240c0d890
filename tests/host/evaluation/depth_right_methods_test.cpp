#include "evaluation/depth_right_methods.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <utility>

#include "bounds/random_embedding.hpp"
#include "host/evaluation/made_task.hpp"

namespace headroom {
namespace depth_right_methods_test {

using ::testing::HasSubstr;

// A screen whose truth is known: effects about a mean response, independent noise of the perturbations' cells, one
// control. Another screen of the same truth can be had at will.
class KnownTruth : public ::testing::Test {
 protected:
  static constexpr Eigen::Index kPerturbations = 40, kGenes = 600;
  static constexpr int kFolds = 2;

  KnownTruth() {
    const Matrix normal = random_embedding(kPerturbations + 1, kGenes, 1);
    truth_ = 0.3 * normal.topRows(kPerturbations);
    for (Eigen::Index g = 0; g < kGenes; ++g) {
      const double scale = g % 5 == 0 ? 1 : 0.1;
      truth_.col(g) *= scale;
    }
    truth_.rowwise() += 0.3 * normal.row(kPerturbations);
    task_ = testing::made_task(1, kPerturbations, kGenes, kFolds);
    TaskContext& context = task_.contexts[0];
    SamplingErrors& sampling = context.sampling.emplace();
    sampling.error = FloatMatrix::Constant(kPerturbations, kGenes, 0.15f);
    sampling.control_error = RowVector::Constant(kGenes, 0.08);
    sampling.has_halves.assign(kPerturbations, 1);
    const RowVector control = noise_of_control(100);
    context.deltas = screen(200, control);
    sampling.control_halves.resize(kKeptSplits, kGenes);
    for (int split = 0; split < kKeptSplits; ++split) {
      const RowVector half = noise_of_control(300 + split);
      sampling.control_halves.row(split) = half;
      const Matrix difference = screen(400 + split, half) - truth_;
      LabelMatrix& codes = sampling.halves.emplace_back(kPerturbations, kGenes);
      for (Eigen::Index p = 0; p < kPerturbations; ++p) {
        for (Eigen::Index g = 0; g < kGenes; ++g) codes(p, g) = half_code(difference(p, g), sampling.whole_error(p, g));
      }
    }
    context.weights = FloatMatrix::Constant(kPerturbations, kGenes, 1.0f / kGenes);
    task_.columns.weights_source = "weights";
    task_.has_sampling_errors = true;
    measured_control_ = control;
  }

  RowVector noise_of_control(std::uint64_t seed) const { return 0.08 * random_embedding(1, kGenes, seed).row(0); }
  Matrix screen(std::uint64_t seed, const RowVector& control) const {
    return (truth_ + 0.15 * random_embedding(kPerturbations, kGenes, seed)).rowwise() - control;
  }

  // Mean over many second screens of what one scores, fold by fold.
  double scored(Metric metric, const FoldData& fold, DepthRight kind) const {
    constexpr int kScreens = 12;
    double sum = 0;
    for (int s = 0; s < kScreens; ++s) {
      const auto seed = static_cast<std::uint64_t>(1000 + s);
      Matrix second = screen(seed, kind == DepthRight::own_control ? noise_of_control(2000 + seed) : measured_control_);
      if (kind == DepthRight::true_deltas) second = truth_;
      RowIndex rows;
      for (const TaskRow& at : fold.test) rows.push_back(at.row);
      const std::array one = {metric};
      sum += fold.target->score(gather_rows(second, rows), fold.truth, one).front().mean();
    }
    return sum / kScreens;
  }

  Task task_;
  Matrix truth_;
  RowVector measured_control_;
};

// The ceiling is what a second screen scores, by every metric, within 1 % and 5 % of the way from the train mean (no
// change where that has none) to it.
TEST_F(KnownTruth, CeilingsAreWhatASecondScreenScores) {
  const std::vector<Metric> metrics(all_metrics().begin(), all_metrics().end());
  const auto splits = splits_within(task_, {}).value();
  const FoldData fold = make_fold_data(task_, splits.front(), metrics).value();
  const DepthRightScores scores = score_second_screens(task_, fold, metrics, 7);
  const auto n_tests = static_cast<Eigen::Index>(fold.test.size());
  const Matrix mean = for_all_tests(constant_prediction(fold.target->mean_prediction, fold), n_tests);
  const auto of_mean = fold.target->score(mean, fold.truth, metrics);
  for (const DepthRight kind : {DepthRight::own_control, DepthRight::shared_control, DepthRight::true_deltas}) {
    for (std::size_t m = 0; m < metrics.size(); ++m) {
      SCOPED_TRACE(::testing::Message() << metric_name(metrics[m]) << " of kind " << static_cast<int>(kind));
      const double expected = scored(metrics[m], fold, kind), null = of_mean[m].mean();
      const double gap = std::abs((std::isfinite(null) ? null : 0) - expected);
      EXPECT_NEAR(scores.of[static_cast<std::size_t>(kind)][m].mean(), expected,
                  0.05 * gap + 0.01 * std::abs(expected));
    }
  }
  // An interpolated duplicate beats the screen that it is made of, by error.
  const std::size_t l2 = 0, interpolated = static_cast<std::size_t>(DepthRight::interpolated_duplicate);
  EXPECT_LT(scores.of[interpolated][l2].mean(), scores.of[0][l2].mean());
}

TEST_F(KnownTruth, LeftOutGenesAreInNoCeiling) {
  for (TaskContext& context : task_.contexts) {
    context.target_gene.assign(context.pert_ids.size(), Eigen::Index{0});
    context.sampling->error.col(0).setConstant(50);
  }
  const auto splits = splits_within(task_, {}).value();
  const std::vector<Metric> metrics = {Metric::L2, Metric::MSE, Metric::MAE, Metric::WMSE};
  const auto l2 = [&](ExcludedTargets excluded) {
    const FoldData fold = make_fold_data(task_, splits.front(), metrics, excluded).value();
    const DepthRightScores scores = score_second_screens(task_, fold, metrics, 7, CeilingWay::closed_form);
    std::vector<double> means;
    for (const Vector& of_metric : scores.of[0]) means.push_back(of_metric.mean());
    return means;
  };
  const auto all = l2(ExcludedTargets::none), own = l2(ExcludedTargets::own), panel = l2(ExcludedTargets::panel);
  const double variance = 2 * (0.15 * 0.15 + 0.08 * 0.08);
  EXPECT_GT(all[0], 50);
  EXPECT_NEAR(own[0], std::sqrt(variance * (kGenes - 1)), 1e-4);
  EXPECT_NEAR(own[1], variance, 1e-6);
  EXPECT_NEAR(own[2], std::sqrt(variance * 2 / 3.141592653589793), 1e-6);
  EXPECT_NEAR(own[3], variance, 1e-6) << "weights of the others are scaled to the same sum";
  for (std::size_t m = 0; m < metrics.size(); ++m) EXPECT_NEAR(panel[m], own[m], 1e-9);
}

TEST_F(KnownTruth, TwiceTheCellsHalveTheErrors) {
  const auto splits = splits_within(task_, {}).value();
  const std::vector<Metric> metrics = {Metric::MSE, Metric::Pearson_pert, Metric::centroid_accuracy};
  const FoldData fold = make_fold_data(task_, splits.front(), metrics).value();
  const auto at = [&](double depth) {
    return score_second_screens(task_, fold, metrics, 7, CeilingWay::suited, depth).of[0];
  };
  EXPECT_NEAR(at(2)[0].mean(), at(1)[0].mean() / 2, 1e-12);
  EXPECT_GT(at(4)[1].mean(), at(1)[1].mean());
  EXPECT_LT(at(4)[1].maxCoeff(), 1);
  EXPECT_LT(at(0.25)[2].mean(), at(1)[2].mean());
}

TEST_F(KnownTruth, NeedWhatTheTaskKeepsOfCells) {
  const auto splits = splits_within(task_, {}).value();
  const std::vector<Metric> metrics = {Metric::L2};
  const auto evaluate = [&](const DepthRightMethod& method) {
    const FoldData fold = make_fold_data(task_, splits.front(), metrics).value();
    FoldEvaluation evaluation;
    evaluate_depth_right_method(method, score_second_screens(task_, fold, metrics, 0), evaluation);
    return evaluation;
  };
  const auto& methods = lfc_target().depth_right_methods;
  EXPECT_EQ(evaluate(methods[0]).status, Status::ok);
  task_.contexts[0].sampling->with_control = true;
  const FoldEvaluation shared = evaluate(methods[1]);
  EXPECT_EQ(shared.status, Status::skipped);
  EXPECT_THAT(shared.reason, HasSubstr("controls of its own"));
  task_.contexts[0].sampling.reset();
  const FoldEvaluation none = evaluate(methods[0]);
  EXPECT_EQ(none.status, Status::skipped);
  EXPECT_THAT(none.reason, HasSubstr("headroom prepare"));
}

}  // namespace depth_right_methods_test
}  // namespace headroom
