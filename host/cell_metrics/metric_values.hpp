// The numbers of a comparison by the names that its users know, per perturbation and in total.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cell_metrics/panel_scores.hpp"

namespace headroom {

// The six scored members come first, in the order of the suite's card.
inline constexpr std::size_t kSuiteMembers = 6;
std::vector<MetricValues> metric_values(const PanelScores& scores);

// Of `values`; the name must be there.
const MetricValues& metric_named(const std::vector<MetricValues>& values, std::string_view name);

}  // namespace headroom
