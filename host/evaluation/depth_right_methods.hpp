// Ceilings of the right depth: what a second screen of the same truth would score in a split, by what the task keeps of
// its cells (bounds/second_screen.hpp). Each metric by the way that suits it (metrics.md section 6): errors in closed
// form, correlations from split halves, ranks by simulation.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "evaluation/fold_data.hpp"
#include "evaluation/run_results.hpp"
#include "plan/target.hpp"

namespace headroom {

// Per DepthRight kind and metric, one value a test perturbation; empty as a whole where the task keeps no sampling
// errors, and of a kind that the design does not have.
struct DepthRightScores {
  std::array<std::vector<Vector>, kDepthRightKinds> of;
};

// By which way a value is made; `suited` is the one that suits the metric.
enum class CeilingWay { suited, closed_form, split_halves, simulation };

// The one that suits a metric.
CeilingWay suited_way(Metric metric);
// As the back-test of ceilings calls it (bounds/ceiling_accuracy.hpp).
std::string_view name_of(CeilingWay way);

// `way`: `suited`, or one for all metrics that it can be used for (others are NaN), for comparison. `depth`: of both
// screens, in that of the task; what they would score if there were so many times its cells. Numbers depend on the
// split's rows, the task and the seed alone.
DepthRightScores score_second_screens(const Task& task, const FoldData& fold, const std::vector<Metric>& metrics,
                                      std::uint64_t seed, CeilingWay way = CeilingWay::suited, double depth = 1);

// Fills the evaluation, or says why there is none.
void evaluate_depth_right_method(const DepthRightMethod& method, const DepthRightScores& scores,
                                 FoldEvaluation& evaluation);

}  // namespace headroom
