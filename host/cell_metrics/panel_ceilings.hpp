// What can be reached in each cell-level metric: what a second screen of the same truth scores, by the way that suits
// the metric (metrics.md 6), or by one way for all that it can be used for.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cell_metrics/metric_total.hpp"
#include "cell_metrics/panel_scores.hpp"

namespace headroom {

// As --ceiling of a suite takes them.
enum class PanelCeilingWay {
  depth_right,     // the way that suits each metric
  simulation,      // second screens drawn from the fitted noise model
  spearman_brown,  // of correlations: halves of the cells, stepped up to the whole
  closed_form,     // of errors: by the sampling terms
  replicate,       // half against half as it is, each with its own control
  none,
};
inline constexpr std::array<std::pair<PanelCeilingWay, std::string_view>, 6> kPanelCeilingWays{
    {{PanelCeilingWay::depth_right, "depth_right"},
     {PanelCeilingWay::simulation, "simulation"},
     {PanelCeilingWay::spearman_brown, "spearman_brown"},
     {PanelCeilingWay::closed_form, "closed_form"},
     {PanelCeilingWay::replicate, "replicate"},
     {PanelCeilingWay::none, "none"}}};
std::string_view name_of(PanelCeilingWay way);

struct PanelCeiling {
  PanelCeilingWay way = PanelCeilingWay::none;  // that it was made by; none: there is none of this metric
  MetricTotal total;                            // empty: none
};

// One for each of metric_values(), of distances where they were drawn. `drawn`: second screens (score_drawn_screens()),
// needed by simulation alone. `n_cells`: of the prediction, a perturbation each; for errors in closed form. `depth`:
// what is asked for is the ceiling of screens with so many times the cells, as drawn ones have already.
std::vector<PanelCeiling> panel_ceilings(const PanelTruth& truth, const std::vector<PanelScores>& drawn,
                                         const std::vector<std::size_t>& n_cells, PanelCeilingWay way,
                                         double depth = 1);

// Of one perturbation and one of kHalfCorrelations: the agreement of its halves, stepped up to screens with `times`
// half of the cells; NaN: undefined there.
double stepped_up_halves(const PanelTruth& truth, std::string_view metric, std::size_t perturbation, double times = 2);

// Whether a way draws second screens.
bool draws_screens(PanelCeilingWay way);

// The way that suits a metric of this name; none: nothing is to be reached in it, as in numbers of calls.
PanelCeilingWay suited_way(std::string_view metric);

}  // namespace headroom
