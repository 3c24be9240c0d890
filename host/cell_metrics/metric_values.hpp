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

// A metric whose total is the mean of its rows. What is undefined counts as `fill`, or is left out where there is none.
MetricValues mean_of_values(std::string name, std::vector<double> values, std::optional<double> fill = std::nullopt);

// All names that there are, those of distances of cells and of classic cell-eval (classic_metrics.hpp) among them.
std::vector<std::string> metric_value_names();

// What an undefined row counts as in the metric's total; nullopt: it is left out, or there is no such metric.
std::optional<double> fill_of(std::string_view metric);

// The one metric that is a correlation over the panel: of how many genes each perturbation calls, on either side.
inline constexpr std::string_view kNumberCorrelation = "nsig_spearman";
inline constexpr std::string_view kRealCalls = "nsig_real", kPredictedCalls = "nsig_pred";
// Over perturbations with a real call: none 1, constant −1 (metrics.md 2).
double correlation_of_numbers(const std::vector<double>& real, const std::vector<double>& predicted);

// Of `values`; null: none has that name.
const MetricValues* find_metric(const std::vector<MetricValues>& values, std::string_view name);
// The same where the name must be there.
const MetricValues& metric_named(const std::vector<MetricValues>& values, std::string_view name);

}  // namespace headroom
