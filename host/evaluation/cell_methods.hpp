// Predicted cells in one split, and what bounds them: the cell-level metrics (metrics.md 1 and 2) of each test
// perturbation beside all others of its context, and the fold's value, which leaves out what is undefined.
#pragma once

#include "cell_metrics/panel_ceilings.hpp"
#include "evaluation/method_makers.hpp"
#include "protocol/metrics.hpp"

namespace headroom {

// By which way the value of a second screen of the same truth is made: in closed form where it is expected at 0 at any
// depth, else by the one that suits the metric; by screens that are drawn where genes are left out that count in the
// halves which a task keeps.
PanelCeilingWay way_of_second_screen(Metric metric, ExcludedTargets excluded);

// A null, a ceiling or a reference of the target. What a task does not keep is skipped with the reason.
void evaluate_made_cells(const PlannedMethod& method, const MakerInputs& inputs, const Matrix& resample_counts,
                         FoldEvaluation& evaluation);

// One of RunOptions::predictions. A test perturbation without cells is predicted as the mean response of the training
// perturbations.
void evaluate_predicted_cells(const PlannedMethod& method, const MakerInputs& inputs, const Matrix& resample_counts,
                              FoldEvaluation& evaluation);

// Makes what the evaluations of such a method share over all splits of its context, on all threads: who needed it first
// among the splits, which are worked on side by side, would make it on one. What fails is told by the evaluations.
void make_shared_cells(const PlannedMethod& method, const MakerInputs& inputs);

}  // namespace headroom
