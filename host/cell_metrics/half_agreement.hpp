// How well two halves of a perturbation's cells agree, both measured from the whole control: what the agreement of two
// whole screens that share a control is stepped up from (Spearman 1910, Brown 1910; metrics.md 6). The control's own
// noise is the same in both halves, as it is in both screens, and so counts as truth.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "cell_metrics/control_columns.hpp"
#include "cell_metrics/de_table.hpp"
#include "cell_metrics/panel_metrics.hpp"
#include "cell_metrics/pooled_profile.hpp"

namespace headroom {

// The metrics that are correlations within a perturbation, by the names of metric_values().
inline constexpr std::array<std::string_view, 4> kHalfCorrelations{"delta_pearson", "lfc_spearman", "lfc_spearman_pos",
                                                                   "lfc_spearman_neg"};

// One a correlation, the mean over splits in Fisher's z; NaN: undefined in a split, or there are no halves.
using HalfAgreement = std::array<double, kHalfCorrelations.size()>;

// `profiles`, `tables`: the parts of one perturbation, the whole first; `control`: the whole one's profile. Fold
// changes are compared over the genes that the whole table calls. `left_out`: genes that do not count, of row 0.
HalfAgreement half_agreement(const std::vector<PooledProfile>& profiles, const std::vector<DeTable>& tables,
                             const PooledProfile& control, const ControlColumns& columns,
                             const LeftOutGenes& left_out = {});

}  // namespace headroom
