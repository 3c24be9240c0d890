// The total of a cell-level metric over some perturbations, repeats allowed: what resamples of a panel are totalled by.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "cell_metrics/panel_scores.hpp"

namespace headroom {

// Of perturbations of the panel by number; nullopt: undefined there.
using MetricTotal = std::function<std::optional<double>(const std::vector<std::uint32_t>& rows)>;

// Of metric `which` of metric_values(scores) = `values`: the mean over perturbations, or the quotient or the
// correlation of sums and numbers over them all where the metric is one. `n`: perturbations of the panel.
MetricTotal metric_total(const std::vector<MetricValues>& values, std::size_t which, const PanelScores& scores,
                         std::size_t n);

// The same of several draws: the mean over them, of each perturbation where it has one.
MetricTotal mean_metric_total(const std::vector<std::vector<MetricValues>>& values, std::size_t which,
                              const std::vector<PanelScores>& draws, std::size_t n);

// kNumberCorrelation of numbers of calls (perturbations; NaN: left out).
MetricTotal number_correlation_total(std::vector<double> real, std::vector<double> predicted);

// The mean of values (perturbations; NaN: left out).
MetricTotal mean_total(std::vector<double> values);

}  // namespace headroom
