// Labels called anew from resampled cells as methods: the sampling-error cheater of classes and the reference beside it
// (protocol section 8).
#pragma once

#include <vector>

#include "deg/label_trials.hpp"
#include "evaluation/fold_data.hpp"
#include "evaluation/run_results.hpp"
#include "plan/target.hpp"
#include "task/task.hpp"

namespace headroom {

// Every trial's labels of the test rows are scored as a prediction of the labels, and of the trials' values the
// quantile is taken, by the nearest of them: of the fold, of each test perturbation, and of the fold in every resample
// (`resample_counts`: test rows × resamples). Trials in which a value is undefined do not count. Skipped, with the
// reason, where the task keeps no trials.
void evaluate_trial_method(const TrialMethod& method, const Task& task, const FoldData& fold,
                           const std::vector<Metric>& metrics, const Matrix& resample_counts,
                           FoldEvaluation& evaluation);

}  // namespace headroom
