#include "cell_metrics/suite.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "bounds/ceiling_accuracy.hpp"
#include "cell_metrics/metric_total.hpp"
#include "cell_metrics/metric_values.hpp"
#include "matrix/undefined.hpp"
#include "numerics/numpy_generator.hpp"
#include "numerics/quantile.hpp"

namespace headroom {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Interval {
  std::optional<double> low, high;
};

// Undefined resamples count as lying on both sides: more than 2.5 % of them leave no interval.
Interval interval_of(std::vector<double> values) {
  const auto defined = std::remove_if(values.begin(), values.end(), [](double each) { return std::isnan(each); });
  const auto n_undefined = std::distance(defined, values.end());
  if (values.empty() || static_cast<double>(n_undefined) > 0.025 * static_cast<double>(values.size())) return {};
  values.erase(defined, values.end());
  std::sort(values.begin(), values.end());
  return {quantile_of_sorted(values, 0.025), quantile_of_sorted(values, 0.975)};
}

std::vector<std::uint32_t> all_of(std::size_t n) {
  std::vector<std::uint32_t> rows(n);
  for (std::uint32_t i = 0; i < n; ++i) rows[i] = i;
  return rows;
}

double share(std::optional<double> u, std::optional<double> b, std::optional<double> top) {
  if (!u || !b || !top || *top == *b) return kNaN;
  return (*u - *b) / (*top - *b);
}

// The same resamples of perturbations for u, b and the ceiling of every metric.
std::vector<std::vector<std::uint32_t>> resamples_of(std::size_t n, const SuiteOptions& options) {
  NumpyGenerator random(options.seed);
  std::vector<std::vector<std::uint32_t>> out(static_cast<std::size_t>(options.n_resamples),
                                              std::vector<std::uint32_t>(n));
  for (auto& rows : out) {
    for (std::uint32_t& row : rows) row = random.below(static_cast<std::uint32_t>(n));
  }
  return out;
}

CeilingScore reached_of(const std::string& metric, const MetricTotal& u, const MetricTotal& b,
                        const PanelCeiling& ceiling, std::size_t n,
                        const std::vector<std::vector<std::uint32_t>>& resamples) {
  CeilingScore out;
  if (!ceiling.total) return out;
  const auto closed = [&](const std::vector<std::uint32_t>& rows) {
    return 100 * share(u(rows), b(rows), ceiling.total(rows));
  };
  out.way = name_of(ceiling.way);
  out.ceiling = ceiling.total(all_of(n));
  out.is_about = is_about("cells", metric, "shared", out.way);
  if (const double of_all = closed(all_of(n)); !std::isnan(of_all)) out.gap_closed = of_all;
  std::vector<double> drawn;
  for (const auto& rows : resamples) drawn.push_back(closed(rows));
  const Interval interval = interval_of(std::move(drawn));
  out.ci_low = interval.low;
  out.ci_high = interval.high;
  return out;
}

std::string in_context(const std::string& context) { return context.empty() ? "" : "context '" + context + "'"; }

}  // namespace

const std::vector<MemberRule>& member_rules() {
  static const std::vector<MemberRule> kRules{
      {"pds_cosine", true, -kInfinity, kInfinity, 0.0, 0, 1},
      {"expr_mse_ratio", false, 0, 1, std::nullopt, 0, -kInfinity},
      {"direction_fidelity", true, -kInfinity, kInfinity, 0.0, 0, 1},
      {"direction_reach", true, -kInfinity, kInfinity, 0.0, 0, 1},
      {"jaccard", true, -kInfinity, kInfinity, 0.0, 0, 1},
      {"lfc_nmae", false, -6, kInfinity, std::nullopt, -6, 0},
  };
  return kRules;
}

Result<double> scaled(const MemberRule& rule, std::optional<double> u, std::optional<double> b, std::optional<double> r,
                      const std::string& context) {
  const double span = b && r ? *r - *b : kNaN;
  if (!std::isfinite(span) || (rule.higher_is_better ? span <= 0 : span >= 0)) {
    return bad_input(
        fmt::format("member {} cannot be scaled: the replicate ({}) is not better than the mean response ({})",
                    rule.name, r ? fmt::format("{:.4g}", *r) : "undefined",
                    b ? fmt::format("{:.4g}", *b) : "undefined"),
        in_context(context), "the real screen has too few cells or too small effects for the suite");
  }
  if (!u || std::isnan(*u)) {
    if (!rule.missing_value) return rule.missing_score;
    u = rule.missing_value;
  }
  return std::clamp((*u - *b) / span, rule.floor, rule.cap);
}

namespace {

// Member m but for its intervals and what can be reached.
Result<MemberScore> member_score(std::size_t m, const SuiteContext& context, std::size_t n, bool needs_score) {
  const MemberRule& rule = member_rules()[m];
  MemberScore member;
  member.name = rule.name;
  member.higher_is_better = rule.higher_is_better;
  member.u = context.u[m].total;
  member.n = context.u[m].n;
  member.b = context.b[m].total;
  member.n_b = context.b[m].n;
  member.n_r = n;
  double sum = 0, squares = 0;
  bool all_defined = !context.r.empty();
  for (const auto& split : context.r) {
    all_defined = all_defined && split[m].total;
    member.r_splits.push_back(split[m].total.value_or(kNaN));
    member.n_r = std::min(member.n_r, split[m].n);
    sum += member.r_splits.back();
  }
  if (all_defined) {
    const auto n_splits = static_cast<double>(context.r.size());
    member.r = sum / n_splits;
    for (const double each : member.r_splits) squares += (each - *member.r) * (each - *member.r);
    member.r_sd = std::sqrt(squares / n_splits);
  }
  const auto s = scaled(rule, member.u, member.b, member.r, context.context);
  if (!s && needs_score) return tl::unexpected(s.error());
  if (!s) return member;
  member.s = *s;
  member.s_of_copy = *scaled(rule, rule.perfect, member.b, member.r, context.context);
  return member;
}

}  // namespace

Result<SuiteContext> score_suite(const PanelTruth& truth, const PanelScores& submission, const PanelScores& baseline,
                                 const std::vector<PanelCeiling>& ceilings, const std::string& ceiling_depth,
                                 const SuiteOptions& options) {
  SuiteContext out;
  out.context = truth.names.context;
  const std::size_t n = truth.names.labels.size();
  out.u = metric_values(submission);
  out.b = metric_values(baseline);
  out.r = truth.replicate_metrics;
  out.ceiling_depth = ceiling_depth;
  if (!submission.ratio.value && options.needs_scores) {
    return bad_input("the real effects are not above their sampling noise, so expr_mse_ratio has no denominator",
                     in_context(out.context), "give more cells of each perturbation, or perturbations with effects");
  }
  const auto resamples = resamples_of(n, options);
  double sum = 0;
  for (std::size_t m = 0; m < out.u.size(); ++m) {
    const MetricTotal u = metric_total(out.u, m, submission, n), b = metric_total(out.b, m, baseline, n);
    const PanelCeiling ceiling = m < ceilings.size() ? ceilings[m] : PanelCeiling{};
    out.reached.push_back(reached_of(out.u[m].name, u, b, ceiling, n, resamples));
    if (m >= kSuiteMembers) continue;
    auto member = member_score(m, out, n, options.needs_scores);
    if (!member) return tl::unexpected(member.error());
    std::vector<double> scores;
    for (const auto& rows : resamples) {
      scores.push_back(scaled(member_rules()[m], u(rows), b(rows), member->r, {}).value_or(kNaN));
    }
    const Interval of_s = interval_of(std::move(scores));
    member->s_low = of_s.low;
    member->s_high = of_s.high;
    member->reached = out.reached[m];
    sum += member->s.value_or(kNaN) / static_cast<double>(kSuiteMembers);
    out.members.push_back(std::move(*member));
  }
  if (!std::isnan(sum)) out.score = sum;
  return out;
}

}  // namespace headroom
