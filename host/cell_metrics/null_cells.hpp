// Cells that know nothing of a perturbation, as predictions: control cells drawn anew, as they are or moved to another
// mean (metrics.md 3.1).
#pragma once

#include <cstdint>
#include <vector>

#include "cell_metrics/group_counts.hpp"
#include "cell_metrics/panel_scores.hpp"

namespace headroom {

// Of each perturbation as many control cells, drawn with replacement, as it has real ones; each gene scaled to
// `profile` (genes: mean counts) and rounded to 32 bits. One stream for all perturbations, in ascending order of
// labels. `control` outlives the maker.
GroupMaker dispersed_cells(const PanelTruth& truth, const GroupCounts& control, const std::vector<double>& profile,
                           std::uint64_t seed);

// The same without scaling.
GroupMaker resampled_control(const PanelTruth& truth, const GroupCounts& control, std::uint64_t seed);

}  // namespace headroom
