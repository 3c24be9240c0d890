// Labels called anew from resampled cells as methods: the sampling-error cheater of classes and the reference beside it
// (protocol section 8).
#pragma once

#include <optional>
#include <vector>

#include "deg/label_trials.hpp"
#include "evaluation/fold_data.hpp"
#include "evaluation/run_results.hpp"
#include "plan/target.hpp"
#include "task/task.hpp"

namespace headroom {

// Every trial's labels of the test rows, scored as a prediction of the labels: of each test perturbation, of the fold,
// and of the fold in every resample. No trials where the task keeps none.
struct TrialScores {
  std::vector<std::vector<Vector>> of_tests;  // metrics, trials: one value a test row
  std::vector<Vector> values;                 // trials: one value a metric
  std::vector<Matrix> resampled;              // trials: metrics × resamples
};

// What all methods of a fold share. `resample_counts`: test rows × resamples.
TrialScores score_trials(const Task& task, const FoldData& fold, const std::vector<Metric>& metrics,
                         const Matrix& resample_counts);

// Of the labels of one half of the cells as predictions of those of the other half. Nothing where the task keeps none.
std::optional<TrialScores> score_halves(const Task& task, const FoldData& fold, const std::vector<Metric>& metrics,
                                        const Matrix& resample_counts);

// Of the trials' values the quantile is taken, by the nearest of them. Trials in which a value is undefined do not
// count. Skipped, with the reason, where the task keeps no trials.
void evaluate_trial_method(const TrialMethod& method, const Task& task, const TrialScores& trials,
                           FoldEvaluation& evaluation);

}  // namespace headroom
