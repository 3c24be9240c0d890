#include "cell_metrics/metric_values.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "cell_metrics/classic_metrics.hpp"
#include "matrix/undefined.hpp"

namespace headroom {
namespace {

void add(std::vector<MetricValues>& out, std::string name, std::size_t n,
         const std::function<double(std::size_t)>& value, std::optional<double> fill = std::nullopt) {
  std::vector<double> values;
  for (std::size_t i = 0; i < n; ++i) values.push_back(value(i));
  out.push_back(mean_of_values(std::move(name), std::move(values), fill));
}

}  // namespace

MetricValues mean_of_values(std::string name, std::vector<double> values, std::optional<double> fill) {
  MetricValues metric{std::move(name), std::move(values), std::nullopt, 0, fill};
  double sum = 0;
  for (const double value : metric.values) {
    const double each = std::isnan(value) && fill ? *fill : value;
    if (std::isnan(each)) continue;
    sum += each;
    ++metric.n;
  }
  if (metric.n > 0) metric.total = sum / static_cast<double>(metric.n);
  return metric;
}

double correlation_of_numbers(const std::vector<double>& real, const std::vector<double>& predicted) {
  std::vector<double> a, b;
  for (std::size_t i = 0; i < real.size(); ++i) {
    if (real[i] < 1) continue;
    a.push_back(real[i]);
    b.push_back(predicted[i]);
  }
  if (a.empty()) return 1;
  const double r = rank_correlation(a, b);
  return std::isnan(r) ? -1 : r;
}

std::vector<MetricValues> metric_values(const PanelScores& scores) {
  std::vector<MetricValues> out;
  const std::vector<DeMetrics>& de = scores.de;
  const std::size_t n = scores.rows.size();
  add(out, "pds_cosine", n, [&](std::size_t i) { return scores.discrimination[i]; });
  MetricValues ratio{"expr_mse_ratio", std::vector<double>(n, kNaN), scores.ratio.value, n, std::nullopt};
  out.push_back(std::move(ratio));
  add(out, "direction_fidelity", n, [&](std::size_t i) { return de[i].direction_fidelity; });
  add(out, "direction_reach", n, [&](std::size_t i) { return de[i].direction_reach; });
  add(out, "jaccard", n, [&](std::size_t i) { return de[i].jaccard; });
  add(out, "lfc_nmae", n, [&](std::size_t i) { return de[i].lfc_nmae; });

  add(out, "expr_mse_numerator", n, [&](std::size_t i) { return scores.ratio.numerator[i]; });
  add(out, "expr_mse_denominator", n, [&](std::size_t i) { return scores.ratio.denominator[i]; });
  add(
      out, "delta_pearson", n, [&](std::size_t i) { return scores.delta[i].pearson; }, -1);
  add(out, "expr_mae", n, [&](std::size_t i) { return scores.delta[i].mae; });
  add(out, "expr_mse", n, [&](std::size_t i) { return scores.delta[i].mse; });
  for (std::size_t k = 0; k < DeMetrics::kDepths.size(); ++k) {
    const std::string depth = DeMetrics::kDepths[k] == 0 ? "N" : std::to_string(DeMetrics::kDepths[k]);
    add(out, "overlap_at_" + depth, n, [&](std::size_t i) { return de[i].overlap[k]; });
    add(out, "precision_at_" + depth, n, [&](std::size_t i) { return de[i].precision[k]; });
  }
  add(
      out, "sig_recall", n, [&](std::size_t i) { return de[i].sig_recall; }, 0);
  add(
      out, "direction_match", n, [&](std::size_t i) { return de[i].direction_match; }, 0);
  add(
      out, "direction_precision", n, [&](std::size_t i) { return de[i].direction_precision; }, 0);
  add(
      out, "lfc_spearman", n, [&](std::size_t i) { return de[i].lfc_spearman; }, -1);
  add(
      out, "lfc_spearman_pos", n, [&](std::size_t i) { return de[i].lfc_spearman_pos; }, -1);
  add(
      out, "lfc_spearman_neg", n, [&](std::size_t i) { return de[i].lfc_spearman_neg; }, -1);
  // q = 0 takes the smallest positive q of the whole run.
  double least = std::numeric_limits<double>::infinity();
  for (const DeMetrics& each : de) least = std::min(least, each.least_positive_q);
  const auto areas = [&](std::size_t i) { return de[i].least_positive_q == least ? de[i].areas_tied : de[i].areas; };
  add(
      out, "pr_auc", n, [&](std::size_t i) { return areas(i).precision_recall; }, 0);
  add(
      out, "roc_auc", n, [&](std::size_t i) { return areas(i).receiver; }, 0);
  add(out, std::string(kRealCalls), n, [&](std::size_t i) { return de[i].n_real; });
  add(out, std::string(kPredictedCalls), n, [&](std::size_t i) { return de[i].n_predicted; });
  std::vector<double> n_real, n_predicted;
  for (const DeMetrics& each : de) {
    n_real.push_back(each.n_real);
    n_predicted.push_back(each.n_predicted);
  }
  const double numbers = correlation_of_numbers(n_real, n_predicted);
  add(out, std::string(kNumberCorrelation), n, [&](std::size_t) { return numbers; });
  add(out, "sig_mcc", n, [&](std::size_t i) { return de[i].sig_mcc; });
  if (scores.distances.empty()) return out;
  add(out, std::string(kEnergyDistance), n, [&](std::size_t i) { return scores.distances[i].energy; });
  add(out, std::string(kMmd), n, [&](std::size_t i) { return scores.distances[i].mmd; });
  return out;
}

std::vector<std::string> metric_value_names() {
  std::vector<std::string> names;
  for (const MetricValues& metric : metric_values(PanelScores{})) names.push_back(metric.name);
  names.insert(names.end(), kCellDistances.begin(), kCellDistances.end());
  names.insert(names.end(), kClassicMetrics.begin(), kClassicMetrics.end());
  return names;
}

std::optional<double> fill_of(std::string_view metric) {
  static const std::vector<MetricValues> kOfNothing = metric_values(PanelScores{});
  const MetricValues* const found = find_metric(kOfNothing, metric);
  return found == nullptr ? std::nullopt : found->fill;
}

const MetricValues* find_metric(const std::vector<MetricValues>& values, std::string_view name) {
  const auto found =
      std::find_if(values.begin(), values.end(), [&](const MetricValues& each) { return each.name == name; });
  return found == values.end() ? nullptr : &*found;
}

const MetricValues& metric_named(const std::vector<MetricValues>& values, std::string_view name) {
  return *find_metric(values, name);
}

}  // namespace headroom
