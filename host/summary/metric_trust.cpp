#include "summary/metric_trust.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "bounds/calibration.hpp"
#include "bounds/comparison.hpp"
#include "numerics/quantile.hpp"
#include "plan/bound_names.hpp"

namespace headroom {
namespace {

// All test rows of all folds; none: a fold has no result.
std::optional<Vector> values_of(const std::vector<const MethodEvaluation*>& methods,
                                const std::vector<GapMethod>& gap_methods, const std::string& name) {
  for (std::size_t m = 0; m < methods.size(); ++m) {
    if (methods[m]->name != name || methods[m]->status != Status::ok) continue;
    Eigen::Index n = 0;
    for (const FoldValues& fold : gap_methods[m].fold_values) n += fold.of_tests.size();
    Vector all(n);
    n = 0;
    for (const FoldValues& fold : gap_methods[m].fold_values) {
      if (fold.of_tests.size() == 0) return std::nullopt;
      all.segment(n, fold.of_tests.size()) = fold.of_tests;
      n += fold.of_tests.size();
    }
    return all;
  }
  return std::nullopt;
}

// Methods of one kind that have a value, the best first.
std::vector<std::size_t> ranked(const std::vector<const MethodEvaluation*>& methods, const GapReport& report,
                                bool higher_is_better, bool plugins) {
  std::vector<std::size_t> some;
  for (std::size_t m = 0; m < methods.size() && m < report.methods.size(); ++m) {
    const bool is_plugin = methods[m]->role == Role::plugin;
    const bool predicts = is_plugin || !methods[m]->predictor.empty() || methods[m]->role == Role::null_method;
    if (is_plugin == plugins && predicts && report.methods[m].value) some.push_back(m);
  }
  std::stable_sort(some.begin(), some.end(), [&](std::size_t a, std::size_t b) {
    const double first = *report.methods[a].value, second = *report.methods[b].value;
    return higher_is_better ? first > second : first < second;
  });
  return some;
}

}  // namespace

void add_calibration(const std::vector<const MethodEvaluation*>& methods, const std::vector<GapMethod>& gap_methods,
                     Metric metric, ContextResult& result) {
  const double perfect = higher_is_better(metric) ? 1 : 0;
  // Of cells a second screen is drawn with the real control alone.
  const bool has_own_control = values_of(methods, gap_methods, kCeilingDepthRight).has_value();
  const char* const second_screen = has_own_control ? kCeilingDepthRight : kCeilingDepthRightShared;
  for (const auto& [variant, positive] :
       {std::pair{"interpolated_duplicate", kInterpolatedDuplicate}, std::pair{"second_screen", second_screen}}) {
    const auto measured_again = values_of(methods, gap_methods, positive);
    if (!measured_again) continue;
    for (const char* null : {kNullTrainMean, kNullMeanResponse, kNullNoChange}) {
      const auto negative = values_of(methods, gap_methods, null);
      if (!negative || negative->size() != measured_again->size()) continue;
      const Calibration calibration = calibrate(*measured_again, *negative, perfect, higher_is_better(metric));
      if (!calibration.drf_mean) continue;
      CalibrationResult& told = *result.add_calibration();
      told.set_variant(variant);
      told.set_positive(positive);
      told.set_negative(null);
      told.set_drf_mean(*calibration.drf_mean + 0.0);
      told.set_drf_median(*calibration.drf_median + 0.0);
      if (calibration.bds) told.set_bds(*calibration.bds);
      told.set_n(static_cast<std::int32_t>(calibration.n_finite));
      break;
    }
  }
}

void add_resolution(const std::vector<const MethodEvaluation*>& methods, const std::vector<GapMethod>& gap_methods,
                    const GapReport& report, bool higher_is_better, const TestResamples& resamples,
                    ContextResult& result) {
  std::vector<std::size_t> order = ranked(methods, report, higher_is_better, true);
  if (order.size() < 2) order = ranked(methods, report, higher_is_better, false);
  if (order.size() < 2) return;
  const std::size_t n_neighbours = order.size() - 1, n_pairs = std::min(n_neighbours, kMostPairs);
  std::vector<PairOfMethods> pairs;
  for (std::size_t i = 0; i < n_pairs; ++i) {
    const std::size_t at = i * n_neighbours / n_pairs;
    pairs.push_back({&gap_methods[order[at]].fold_values, &gap_methods[order[at + 1]].fold_values});
  }
  std::vector<double> half_widths;
  for (const auto& compared : compare_pairs(pairs, higher_is_better, resamples)) {
    // Methods that predict the same differ by nothing: they say nothing of what would be told apart.
    if (compared && compared->ci.high > compared->ci.low)
      half_widths.push_back((compared->ci.high - compared->ci.low) / 2);
  }
  if (half_widths.empty()) return;
  ResolutionResult& resolution = *result.mutable_resolution();
  resolution.set_n_pairs(static_cast<std::int32_t>(half_widths.size()));
  resolution.set_value(median(std::move(half_widths)));
  if (report.gap && report.gap->defined) resolution.set_percent(100 * resolution.value() / report.gap->value);
}

std::string calibration_text(const ContextResult& result) {
  if (result.calibration().empty()) return {};
  const CalibrationResult& told = result.calibration(0);
  std::string text = fmt::format("DRF {:.2f}", told.drf_median());
  if (told.has_bds()) text += fmt::format(", BDS {:.0f} %", 100 * told.bds());
  return text;
}

std::string resolution_text(const ContextResult& result) {
  if (!result.resolution().has_value()) return {};
  std::string text = fmt::format("resolution {:.3g}", result.resolution().value());
  if (result.resolution().has_percent()) text += fmt::format(" ({:.1f} % of the gap)", result.resolution().percent());
  return text + ": smaller differences are not told apart at 95 %";
}

}  // namespace headroom
