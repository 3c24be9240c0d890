// The challenge's suite of six members: s = (u − b)/(r − b) of a submission u between the mean response b and the
// replicate r, per context and in the mean over contexts (metrics.md 1.8); and beside the official scale the share of
// what a second screen of the same truth and depth would reach.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cell_metrics/metric_values.hpp"
#include "cell_metrics/panel_ceilings.hpp"
#include "cell_metrics/panel_scores.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

inline constexpr const char* kSuiteName = "vcc2026";
inline constexpr int kSuiteRule = 3;

// What can be reached in a metric, and the percentage of the way from b to it that u goes.
struct CeilingScore {
  std::string way;  // of PanelCeilingWay; empty: there is no ceiling
  std::optional<double> ceiling;
  // By the back-test of the way and metric, the ceiling may be off by more than 5 % of the gap (ceiling_accuracy.hpp).
  bool is_about = false;
  std::optional<double> gap_closed, ci_low, ci_high;  // 95 %
};

// A member's u, b and r on its own scale.
struct MemberScore {
  std::string name;
  bool higher_is_better = true;
  std::optional<double> u, b, r, r_sd;  // sd over splits, ddof 0
  std::vector<double> r_splits;
  std::optional<double> s;              // absent: the member cannot be scaled (SuiteOptions::needs_scores)
  std::optional<double> s_of_copy;      // what an exact copy of the real cells would be given
  std::size_t n = 0, n_b = 0, n_r = 0;  // perturbations that u, b and (fewest of a split) r are of
  // 95 % of s over resamples of the perturbations, u and b alike.
  std::optional<double> s_low, s_high;
  CeilingScore reached;
};

struct SuiteContext {
  std::string context;
  std::vector<MemberScore> members;  // six, in the order of the card
  std::optional<double> score;       // the plain mean of their s; absent: one has none
  // Every metric of u and b, and the replicates' mean, by name; the members among them.
  std::vector<MetricValues> u, b;
  std::vector<std::vector<MetricValues>> r;  // a split each
  std::vector<CeilingScore> reached;         // one for each metric of u
  std::string ceiling_depth;                 // at which depth, and against whose control; empty: there are no ceilings
};

// How a member is scaled. The name is that of a metric of metric_values().
struct MemberRule {
  std::string_view name;
  bool higher_is_better;
  double floor, cap;  // of s; infinite: none
  // What a submission without a value is taken for: a value of the metric, or the score itself.
  std::optional<double> missing_value;
  double missing_score;
  double perfect;  // the metric's value of an exact copy
};
const std::vector<MemberRule>& member_rules();

// s of one member. Error (bad_input): r − b is zero, of the wrong sign or undefined, so that nothing can be scaled.
Result<double> scaled(const MemberRule& rule, std::optional<double> u, std::optional<double> b, std::optional<double> r,
                      const std::string& context);

struct SuiteOptions {
  std::uint64_t seed = 42;
  int n_resamples = 1000;
  // Whether s is asked for. Where it is not, a member that cannot be scaled has none, and is no error.
  bool needs_scores = true;
};

// `ceilings`: one for each metric (panel_ceilings()); empty: none. Errors (bad_input): scaled(), where scores are
// needed.
Result<SuiteContext> score_suite(const PanelTruth& truth, const PanelScores& submission, const PanelScores& baseline,
                                 const std::vector<PanelCeiling>& ceilings, const std::string& ceiling_depth,
                                 const SuiteOptions& options);

}  // namespace headroom
