#include "cell_metrics/panel_ceilings.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "bounds/second_screen.hpp"
#include "cell_metrics/metric_values.hpp"

namespace headroom {
namespace {

// Numbers that are no scores.
constexpr std::array<std::string_view, 4> kCounts{kRealCalls, kPredictedCalls, "expr_mse_numerator",
                                                  "expr_mse_denominator"};
// Both noises are subtracted, so that a second screen of the same truth is expected at 0. Where few counts are pooled
// the jackknife takes more for noise than there is, and second screens lie below: simulation shows by how much.
constexpr std::string_view kUnbiasedRatio = "expr_mse_ratio";
constexpr std::string_view kSquaredError = "expr_mse";

template <class Names>
bool is_among(std::string_view name, const Names& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Twice the sampling term where the prediction has as many cells as the screen.
std::vector<double> expected_squares(const PanelTruth& truth, const std::vector<std::size_t>& n_cells, double depth) {
  std::vector<double> out;
  const auto n_genes = static_cast<double>(truth.names.genes.size());
  for (std::size_t p = 0; p < truth.profiles.size(); ++p) {
    const double real = truth.profiles[p].sampling;
    const double deeper = static_cast<double>(n_cells[p]) / static_cast<double>(truth.profiles[p].n_cells);
    out.push_back(real * (1 + 1 / deeper) / (depth * n_genes));
  }
  return out;
}

// Values of rows as those of all perturbations; NaN: none.
std::vector<double> of_panel(const std::vector<double>& values, const std::vector<std::size_t>& rows, std::size_t n) {
  std::vector<double> out(n, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < rows.size(); ++i) out[rows[i]] = values[i];
  return out;
}

MetricTotal stepped_up(const PanelTruth& truth, std::string_view metric, double times) {
  if (is_among(metric, kHalfCorrelations)) {
    if (truth.half_agreement.empty()) return {};
    std::vector<double> values;
    for (std::size_t p = 0; p < truth.half_agreement.size(); ++p) {
      values.push_back(stepped_up_halves(truth, metric, p, times));
    }
    return mean_total(std::move(values));
  }
  if (metric != kNumberCorrelation || truth.replicate_metrics.empty()) return {};
  std::vector<MetricTotal> splits;
  for (std::size_t s = 0; s < truth.replicate_metrics.size(); ++s) {
    const auto numbers = [&](std::string_view name) {
      const std::vector<double>& values = metric_named(truth.replicate_metrics[s], name).values;
      return truth.replicates.empty() ? values : of_panel(values, truth.replicates[s].rows, truth.names.labels.size());
    };
    splits.push_back(number_correlation_total(numbers(kRealCalls), numbers(kPredictedCalls)));
  }
  return [splits = std::move(splits), times](const std::vector<std::uint32_t>& rows) {
    Vector r(static_cast<Eigen::Index>(splits.size()));
    for (std::size_t s = 0; s < splits.size(); ++s) r[static_cast<Eigen::Index>(s)] = *splits[s](rows);
    return std::optional<double>(spearman_brown(fisher_mean(r), times));
  };
}

// Half against half as it is. Where only the totals are known, these, whatever the rows.
MetricTotal replicate_total(const PanelTruth& truth, std::size_t which) {
  if (truth.replicate_metrics.empty() || which >= truth.replicate_metrics[0].size()) return {};
  if (!truth.replicates.empty()) {
    return mean_metric_total(truth.replicate_metrics, which, truth.replicates, truth.names.labels.size());
  }
  double sum = 0;
  for (const auto& split : truth.replicate_metrics) {
    if (!split[which].total) return {};
    sum += *split[which].total;
  }
  const double mean = sum / static_cast<double>(truth.replicate_metrics.size());
  return [mean](const std::vector<std::uint32_t>&) { return std::optional<double>(mean); };
}

}  // namespace

std::string_view name_of(PanelCeilingWay way) {
  return std::find_if(kPanelCeilingWays.begin(), kPanelCeilingWays.end(),
                      [way](const auto& each) { return each.first == way; })
      ->second;
}

double stepped_up_halves(const PanelTruth& truth, std::string_view metric, std::size_t perturbation, double times) {
  const auto at = std::find(kHalfCorrelations.begin(), kHalfCorrelations.end(), metric);
  const auto which = static_cast<std::size_t>(at - kHalfCorrelations.begin());
  return spearman_brown(truth.half_agreement[perturbation][which], times);
}

bool draws_screens(PanelCeilingWay way) {
  return way == PanelCeilingWay::depth_right || way == PanelCeilingWay::simulation;
}

PanelCeilingWay suited_way(std::string_view metric) {
  if (is_among(metric, kCounts)) return PanelCeilingWay::none;
  // Of the ways that a metric has, the nearest in the back-test (tests/reference/ceilings). Fold changes of called
  // genes are chosen by what is correlated, which halves stepped up do not allow for.
  if (metric == kHalfCorrelations[0] || metric == kNumberCorrelation) return PanelCeilingWay::spearman_brown;
  return PanelCeilingWay::simulation;
}

std::vector<PanelCeiling> panel_ceilings(const PanelTruth& truth, const std::vector<PanelScores>& drawn,
                                         const std::vector<std::size_t>& n_cells, PanelCeilingWay way, double depth) {
  std::vector<std::vector<MetricValues>> of_draws;
  for (const PanelScores& draw : drawn) of_draws.push_back(metric_values(draw));
  const std::vector<MetricValues> names = of_draws.empty() ? metric_values(PanelScores{}) : of_draws[0];
  std::vector<PanelCeiling> out(names.size());
  for (std::size_t m = 0; m < names.size(); ++m) {
    const std::string& metric = names[m].name;
    const PanelCeilingWay suited = suited_way(metric);
    if (way == PanelCeilingWay::none || suited == PanelCeilingWay::none) continue;
    PanelCeiling& ceiling = out[m];
    const auto is_tried = [&](PanelCeilingWay each) {
      return !ceiling.total && (way == each || (way == PanelCeilingWay::depth_right && suited == each));
    };
    const auto take = [&](PanelCeilingWay made_by, MetricTotal total) {
      if (!total) return;
      ceiling = {made_by, std::move(total)};
    };
    if (is_tried(PanelCeilingWay::closed_form)) {
      if (metric == kUnbiasedRatio) take(PanelCeilingWay::closed_form, mean_total(std::vector(n_cells.size(), 0.0)));
      if (metric == kSquaredError)
        take(PanelCeilingWay::closed_form, mean_total(expected_squares(truth, n_cells, depth)));
    }
    if (is_tried(PanelCeilingWay::spearman_brown))
      take(PanelCeilingWay::spearman_brown, stepped_up(truth, metric, 2 * depth));
    if (way == PanelCeilingWay::replicate) take(PanelCeilingWay::replicate, replicate_total(truth, m));
    // Also where what suits is not to be had, as of a screen whose halves were not kept.
    if (!ceiling.total && draws_screens(way) && !drawn.empty()) {
      take(PanelCeilingWay::simulation, mean_metric_total(of_draws, m, drawn, n_cells.size()));
    }
  }
  return out;
}

}  // namespace headroom
