#include "suite/suite_result.hpp"

#include <fmt/format.h>

#include <cmath>
#include <utility>

#include "io/csv_writer.hpp"

namespace headroom {
namespace {

template <class Set>
void set_if(const std::optional<double>& value, Set set) {
  if (value && std::isfinite(*value)) set(*value);
}

// Of a member or another metric.
template <class Message>
void fill_reached(const CeilingScore& from, Message& to) {
  if (from.way.empty()) return;
  set_if(from.ceiling, [&](double x) { to.set_ceiling(x); });
  to.set_ceiling_way(from.way);
  if (from.is_about) to.set_ceiling_is_about(true);
  set_if(from.gap_closed, [&](double x) { to.set_gap_closed(x); });
  set_if(from.ci_low, [&](double x) { to.set_ci_low(x); });
  set_if(from.ci_high, [&](double x) { to.set_ci_high(x); });
}

void fill(const MemberScore& from, SuiteMember& to) {
  to.set_name(from.name);
  to.set_higher_is_better(from.higher_is_better);
  set_if(from.u, [&](double x) { to.set_u(x); });
  set_if(from.b, [&](double x) { to.set_b(x); });
  set_if(from.r, [&](double x) { to.set_r(x); });
  set_if(from.r_sd, [&](double x) { to.set_r_sd(x); });
  set_if(from.s, [&](double x) { to.set_s(x); });
  set_if(from.s_of_copy, [&](double x) { to.set_s_of_exact_copy(x); });
  to.set_n(static_cast<int>(from.n));
  to.set_n_b(static_cast<int>(from.n_b));
  to.set_n_r(static_cast<int>(from.n_r));
  for (const double each : from.r_splits) to.add_r_splits(each);
  set_if(from.s_low, [&](double x) { to.set_s_ci_low(x); });
  set_if(from.s_high, [&](double x) { to.set_s_ci_high(x); });
  fill_reached(from.reached, to);
}

}  // namespace

std::vector<std::string> suite_rules(BaselineCells baseline, ExcludedTargets excluded) {
  std::string left_out = "own genes are left out of every member; of pds_cosine those of the whole panel";
  if (excluded == ExcludedTargets::own) left_out = "not as published: own genes are left out of every metric";
  if (excluded == ExcludedTargets::panel) left_out = "not as published: the panel's genes are left out of every metric";
  if (excluded == ExcludedTargets::none) left_out = "not as published: no gene is left out";
  return {
      baseline == BaselineCells::tile ? "b: the mean response as a tile: every cell holds the mean over perturbations "
                                        "of their mean counts, a gene's "
                                        "own perturbation left out, rounded to 32 bits; as many cells as the real ones"
                                      : "b: the mean response dispersed: control cells drawn with replacement, each "
                                        "gene scaled to the mean response",
      "r: half B of each group's cells scored as half A, each with its own control; mean of the splits' totals; one "
      "NumPy generator a seed serves all groups in ascending order of their labels, the control among them",
      "lfc_nmae of r: genes and denominator of the full real table",
      "ranks: of x/L as one division, so that equal fractions tie; continuity 0.5 and tie correction",
      "order: perturbations ascending by label, equal weights; last ties of direction_reach by gene name in byte order",
      std::move(left_out),
  };
}

SuiteResult suite_result(const CellComparison& comparison, const CompareOptions& options) {
  SuiteResult result;
  result.set_name(kSuiteName);
  result.set_rule_version(std::to_string(kSuiteRule));
  set_if(comparison.score, [&](double x) { result.set_score(x); });
  for (const std::uint32_t seed : comparison.split_seeds) result.add_split_seeds(seed);
  for (const std::string& rule : suite_rules(options.baseline, options.excluded)) result.add_rules(rule);
  for (const ComparedContext& from : comparison.contexts) {
    SuiteContextResult& to = *result.add_contexts();
    to.set_context(from.scores.context);
    set_if(from.scores.score, [&](double x) { to.set_score(x); });
    to.set_n_perturbations(static_cast<int>(from.labels.size()));
    to.set_n_without_gene(static_cast<int>(from.n_without_gene));
    to.set_n_excluded_targets(static_cast<int>(from.n_left_out));
    if (options.excluded != ExcludedTargets::as_published) {
      to.set_excluded_targets(std::string(exclusion_name(options.excluded)));
    }
    for (const MemberScore& member : from.scores.members) {
      SuiteMember& filled = *to.add_members();
      fill(member, filled);
      if (!member.reached.way.empty()) filled.set_ceiling_depth(from.scores.ceiling_depth);
    }
    for (const ProtocolCalibration& protocol : from.calibration) {
      SuiteCalibration& calibration = *to.add_calibration();
      calibration.set_name(protocol.name);
      calibration.set_n(static_cast<int>(protocol.positive.size()));
      set_if(protocol.drf_mean, [&](double x) { calibration.set_drf_mean(x); });
      set_if(protocol.drf_median, [&](double x) { calibration.set_drf_median(x); });
      set_if(protocol.bds, [&](double x) { calibration.set_bds(x); });
    }
    for (std::size_t m = kSuiteMembers; m < from.scores.u.size(); ++m) {
      SuiteMetric& metric = *to.add_metrics();
      metric.set_name(from.scores.u[m].name);
      set_if(from.scores.u[m].total, [&](double x) { metric.set_u(x); });
      set_if(from.scores.b[m].total, [&](double x) { metric.set_b(x); });
      metric.set_n(static_cast<int>(from.scores.u[m].n));
      fill_reached(from.scores.reached[m], metric);
      double sum = 0;
      // Distances of cells are not told of halves.
      for (const auto& split : from.scores.r) {
        sum += m < split.size() ? split[m].total.value_or(std::nan("")) : std::nan("");
      }
      if (!from.scores.r.empty()) {
        set_if(sum / static_cast<double>(from.scores.r.size()), [&](double x) { metric.set_r(x); });
      }
    }
  }
  return result;
}

std::string suite_perturbations_csv(const CellComparison& comparison) {
  CsvWriter csv;
  csv.text("context").text("side").text("pert_id").text("n_real_cells").text("n_predicted_cells");
  for (const MetricValues& metric : comparison.contexts.front().scores.u) csv.text(metric.name);
  csv.end_row();
  for (const ComparedContext& context : comparison.contexts) {
    for (const auto& [side, metrics] :
         {std::pair{"submission", &context.scores.u}, {"mean_response", &context.scores.b}}) {
      for (std::size_t p = 0; p < context.labels.size(); ++p) {
        csv.text(context.scores.context).text(side).text(context.labels[p]);
        // The mean response has as many cells as the real screen.
        const std::size_t n_predicted =
            metrics == &context.scores.u ? context.n_predicted_cells[p] : context.n_real_cells[p];
        csv.number(static_cast<std::int64_t>(context.n_real_cells[p]));
        csv.number(static_cast<std::int64_t>(n_predicted));
        for (const MetricValues& metric : *metrics) csv.number(metric.values[p]);
        csv.end_row();
      }
    }
  }
  return csv.str();
}

}  // namespace headroom
