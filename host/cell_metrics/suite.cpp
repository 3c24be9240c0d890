#include "cell_metrics/suite.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "numerics/numpy_generator.hpp"
#include "numerics/quantile.hpp"

namespace headroom {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// One side of a member over the panel's perturbations, as a quotient of sums: the mean of a metric, or the ratio.
struct Terms {
  std::vector<double> above, below;  // perturbations; NaN above: left out

  std::optional<double> total(const std::vector<std::uint32_t>& rows) const {
    double a = 0, b = 0;
    for (const std::uint32_t row : rows) {
      if (std::isnan(above[row])) continue;
      a += above[row];
      b += below[row];
    }
    if (!(b > 0)) return std::nullopt;
    return a / b;
  }
};

Terms terms_of(std::size_t member, const std::vector<MetricValues>& metrics, const PanelScores& scores, std::size_t n) {
  const bool is_ratio = metrics[member].name == "expr_mse_ratio";
  Terms out{std::vector<double>(n, kNaN), std::vector<double>(n, 1.0)};
  for (std::size_t i = 0; i < scores.rows.size(); ++i) {
    const std::size_t row = scores.rows[i];
    out.above[row] = is_ratio ? scores.ratio.numerator[i] : metrics[member].values[i];
    if (is_ratio) out.below[row] = scores.ratio.denominator[i];
  }
  return out;
}

// The mean over draws of a perturbation's terms, where any draw has them.
Terms mean_terms(const std::vector<Terms>& draws) {
  Terms out = draws[0];
  for (std::size_t p = 0; p < out.above.size(); ++p) {
    double above = 0, below = 0, n = 0;
    for (const Terms& draw : draws) {
      if (std::isnan(draw.above[p])) continue;
      above += draw.above[p];
      below += draw.below[p];
      n += 1;
    }
    out.above[p] = n > 0 ? above / n : kNaN;
    out.below[p] = n > 0 ? below / n : 1;
  }
  return out;
}

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

// The intervals of a member, from the same resamples of perturbations for u, b and the ceiling.
void add_intervals(const Terms& u, const Terms& b, const Terms* ceiling, const SuiteOptions& options,
                   MemberScore& member) {
  const std::size_t n = u.above.size();
  NumpyGenerator random(options.seed);
  std::vector<std::uint32_t> rows(n);
  std::vector<double> scores, closed;
  for (int i = 0; i < options.n_resamples; ++i) {
    for (std::uint32_t& row : rows) row = random.below(static_cast<std::uint32_t>(n));
    const auto here_u = u.total(rows), here_b = b.total(rows);
    scores.push_back(share(here_u, here_b, member.r));
    if (ceiling != nullptr) closed.push_back(100 * share(here_u, here_b, ceiling->total(rows)));
  }
  const Interval of_s = interval_of(std::move(scores)), of_closed = interval_of(std::move(closed));
  member.s_low = of_s.low;
  member.s_high = of_s.high;
  member.ci_low = of_closed.low;
  member.ci_high = of_closed.high;
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

Result<SuiteContext> score_suite(const PanelTruth& truth, const PanelScores& submission, const PanelScores& baseline,
                                 const std::vector<PanelScores>& ceilings, const std::string& ceiling_depth,
                                 const SuiteOptions& options) {
  SuiteContext out;
  out.context = truth.names.context;
  const std::size_t n = truth.names.labels.size();
  out.u = metric_values(submission);
  out.b = metric_values(baseline);
  out.r = truth.replicate_metrics;
  std::vector<std::vector<MetricValues>> ceiling_metrics;
  for (const PanelScores& draw : ceilings) ceiling_metrics.push_back(metric_values(draw));
  if (!submission.ratio.value) {
    return bad_input("the real effects are not above their sampling noise, so expr_mse_ratio has no denominator",
                     in_context(out.context), "give more cells of each perturbation, or perturbations with effects");
  }
  for (std::size_t m = 0; m < kSuiteMembers; ++m) {
    const MemberRule& rule = member_rules()[m];
    MemberScore member;
    member.name = rule.name;
    member.higher_is_better = rule.higher_is_better;
    member.u = out.u[m].total;
    member.n = out.u[m].n;
    member.b = out.b[m].total;
    member.n_b = out.b[m].n;
    member.n_r = n;
    double sum = 0, squares = 0;
    bool all_defined = !out.r.empty();
    for (const auto& split : out.r) {
      all_defined = all_defined && split[m].total;
      member.r_splits.push_back(split[m].total.value_or(kNaN));
      member.n_r = std::min(member.n_r, split[m].n);
      sum += member.r_splits.back();
    }
    if (all_defined) {
      const auto n_splits = static_cast<double>(out.r.size());
      member.r = sum / n_splits;
      for (const double each : member.r_splits) squares += (each - *member.r) * (each - *member.r);
      member.r_sd = std::sqrt(squares / n_splits);
    }
    auto s = scaled(rule, member.u, member.b, member.r, out.context);
    if (!s) return tl::unexpected(s.error());
    member.s = *s;
    member.s_of_copy = *scaled(rule, rule.perfect, member.b, member.r, out.context);
    out.score += member.s / static_cast<double>(kSuiteMembers);

    const Terms u = terms_of(m, out.u, submission, n), b = terms_of(m, out.b, baseline, n);
    std::optional<Terms> top;
    if (!ceilings.empty()) {
      std::vector<Terms> draws;
      for (std::size_t d = 0; d < ceilings.size(); ++d)
        draws.push_back(terms_of(m, ceiling_metrics[d], ceilings[d], n));
      top = mean_terms(draws);
      // Both noises are subtracted: at any depth a second screen of the same truth is expected at 0 (metrics.md 6).
      if (rule.name == "expr_mse_ratio") std::fill(top->above.begin(), top->above.end(), 0.0);
      member.ceiling = top->total(all_of(n));
      member.ceiling_depth = ceiling_depth;
      const double closed = 100 * share(member.u, member.b, member.ceiling);
      if (!std::isnan(closed)) member.gap_closed = closed;
    }
    add_intervals(u, b, top ? &*top : nullptr, options, member);
    out.members.push_back(std::move(member));
  }
  return out;
}

}  // namespace headroom
