// From per-perturbation values to the progress bar: WAP, BAP, how much of the gap between them each method closes, with
// what uncertainty, and the verdict in words (protocol section 7).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bounds/resampling.hpp"
#include "matrix/matrix.hpp"

namespace headroom {

// What a method may become. References and plugins compete for neither.
enum class Competes { for_nothing, for_wap, for_bap };

// One method's values for one (context, metric, head).
struct GapMethod {
  std::string name;
  Competes competes = Competes::for_nothing;
  // Per fold. Values of test perturbations; the sampling error's are its quantiles. A fold with a value that is not
  // finite has none, unless it has one as a whole.
  std::vector<FoldValues> fold_values;
};

enum class Verdict {
  undefined,             // the BAP is not better than the WAP, or the gap's interval contains 0, or there is no value
  below_null,            // the interval lies below 0
  within_noise_of_null,  // the interval contains 0
  progress,              // the interval lies between 0 and 100
  at_the_limit,          // the interval contains 100 or lies above it
  beyond_the_limit,      // at the limit, and more than 120 % closed: check for leakage
};
// "undefined", "below null", "within noise of null", "progress", "at the limit", "at the limit: check for leakage"
std::string_view verdict_text(Verdict verdict);
inline constexpr double kLeakagePercent = 120;

struct Bound {
  std::size_t method = 0;      // position in the methods
  double value = 0;            // its median over folds
  std::optional<Interval> ci;  // of the bound, chosen anew in each resample
};

// How far the BAP is better than the WAP; positive where there is room for progress, whatever the metric's direction.
struct Gap {
  double value = 0;
  std::optional<Interval> ci;
  bool defined = false;  // value > 0 and the interval does not contain 0
};

// The bounds that a fold would choose by itself.
struct FoldBounds {
  std::optional<std::size_t> wap, bap;  // positions in the methods
  std::optional<double> gap;            // as Gap::value
};

struct MethodGap {
  std::optional<double> value;                         // median over folds of the folds' values
  std::vector<std::optional<double>> fold_values;      // means over test perturbations, or of the fold as a whole
  std::optional<double> gap_closed;                    // percent; absent unless the gap's value is positive
  std::optional<Interval> ci;                          // of gap_closed
  std::vector<std::optional<double>> fold_gap_closed;  // percent, between the fold's own bounds
  Verdict verdict = Verdict::undefined;
};

struct GapReport {
  std::optional<Bound> wap, bap;
  std::optional<Gap> gap;  // there if both bounds are
  std::vector<FoldBounds> folds;
  std::vector<MethodGap> methods;  // in the order given
};

// closed(x) = 100 · (WAP - x) / (WAP - BAP), with WAP the best null and BAP the worst cheater, by the medians over
// folds of the folds' values (values that agree to 12 digits are one value: the first of
// such methods names the bound, and they close exactly 0 of the gap). A method without a mean in every fold has
// no value over folds and enters neither bound; in single folds it counts where it has one. Never clipped.
//
// Intervals: percentiles over resamples of test perturbations within folds, WAP and BAP chosen anew in each. A resample
// whose gap is not positive has no ratio; it counts as beyond every number on the side of its numerator (+∞ where x
// beats the WAP, -∞ where it does not, 0 where they are equal), so that it can only widen the interval. Where that
// leaves an end infinite there is no interval.
//
// Every method has resamples.n_folds() entries in fold_values, empty or of the fold's length.
GapReport close_gap(const std::vector<GapMethod>& methods, bool higher_is_better, const TestResamples& resamples);

}  // namespace headroom
