// The noise table as methods: the sampling-error cheater and the references beside it (protocol section 6).
#pragma once

#include <vector>

#include "evaluation/fold_data.hpp"
#include "evaluation/run_results.hpp"
#include "plan/target.hpp"
#include "task/noise_table.hpp"
#include "task/task.hpp"

namespace headroom {

// Fills one value per test perturbation and metric; NaN throughout where the table lacks the metric. Where it lacks a
// few of a fold's perturbations, those take the mean of the others, so that the bound is the mean over those that it
// has; where it lacks more than half of them, the metric is undefined. Skipped, with the reason, where there is no
// table or it says nothing of this context.
void evaluate_noise_method(const NoiseMethod& method, const NoiseTable* table, const Task& task, const FoldData& fold,
                           const std::vector<Metric>& metrics, FoldEvaluation& evaluation);

}  // namespace headroom
