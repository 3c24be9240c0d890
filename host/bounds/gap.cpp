#include "bounds/gap.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>

#include "numerics/quantile.hpp"

namespace headroom {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Values this close are one value: a lasso that keeps no coefficient is the train mean up to rounding.
constexpr double kSameValue = 1e-12;

// a - b, or 0 where they are one value.
double difference(double a, double b) { return std::abs(a - b) <= kSameValue * std::abs(b) ? 0.0 : a - b; }

// Values are turned so that higher is better, and turned back when they are reported.
class Orientation {
 public:
  explicit Orientation(bool higher_is_better) : sign_(higher_is_better ? 1 : -1) {}
  double turn(double value) const { return sign_ * value; }
  std::optional<Interval> turn_back(const std::optional<Interval>& interval) const {
    if (!interval) return std::nullopt;
    return sign_ > 0 ? *interval : Interval{-interval->high, -interval->low};
  }

 private:
  double sign_;
};

// The best method of those that compete, or the first of those as good as it. `sign` 1: the highest value is best, -1:
// the lowest is.
std::optional<std::size_t> choose(const std::vector<GapMethod>& methods, Competes competes,
                                  const std::vector<std::optional<double>>& turned, double sign) {
  std::optional<std::size_t> chosen;
  for (std::size_t m = 0; m < methods.size(); ++m) {
    if (methods[m].competes != competes || !turned[m]) continue;
    if (!chosen || sign * difference(*turned[m], *turned[*chosen]) > 0) chosen = m;
  }
  return chosen;
}

FoldBounds choose_bounds(const std::vector<GapMethod>& methods, const std::vector<std::optional<double>>& turned) {
  FoldBounds bounds;
  bounds.wap = choose(methods, Competes::for_wap, turned, 1);
  bounds.bap = choose(methods, Competes::for_bap, turned, -1);
  if (bounds.wap && bounds.bap) bounds.gap = difference(*turned[*bounds.bap], *turned[*bounds.wap]);
  return bounds;
}

// The method medians over folds in every resample (methods × resamples, turned); NaN rows where there is no value.
Matrix resampled_medians(const std::vector<GapMethod>& methods, const std::vector<std::optional<double>>& turned,
                         const TestResamples& resamples, const Orientation& orientation) {
  std::vector<std::size_t> with_value;
  for (std::size_t m = 0; m < methods.size(); ++m) {
    if (turned[m]) with_value.push_back(m);
  }
  std::vector<Matrix> of_resamples;
  for (std::size_t fold = 0; fold < resamples.n_folds(); ++fold) {
    std::vector<const FoldValues*> values;
    for (const std::size_t m : with_value) values.push_back(&methods[m].fold_values[fold]);
    of_resamples.push_back(resamples.fold_values(fold, values));
  }
  Matrix medians = Matrix::Constant(static_cast<Eigen::Index>(methods.size()), resamples.n_resamples(),
                                    std::numeric_limits<double>::quiet_NaN());
  std::vector<double> of_folds(resamples.n_folds());
  for (std::size_t i = 0; i < with_value.size(); ++i) {
    for (Eigen::Index b = 0; b < resamples.n_resamples(); ++b) {
      for (std::size_t fold = 0; fold < of_folds.size(); ++fold) {
        of_folds[fold] = of_resamples[fold](static_cast<Eigen::Index>(i), b);
      }
      medians(static_cast<Eigen::Index>(with_value[i]), b) = orientation.turn(median_in_place(of_folds));
    }
  }
  return medians;
}

double closed_in_resample(double value, double wap, double bap) {
  const double numerator = difference(value, wap), gap = difference(bap, wap);
  if (gap > 0) return 100 * numerator / gap;
  return numerator > 0 ? kInfinity : numerator < 0 ? -kInfinity : 0;
}

Verdict verdict_of(double closed, const Interval& interval) {
  if (interval.high < 0) return Verdict::below_null;
  if (interval.low <= 0) return Verdict::within_noise_of_null;
  if (interval.high < 100) return Verdict::progress;
  return closed > kLeakagePercent ? Verdict::beyond_the_limit : Verdict::at_the_limit;
}

std::vector<double> to_vector(const RowVector& row) { return {row.begin(), row.end()}; }

}  // namespace

std::string_view verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::undefined:
      return "undefined";
    case Verdict::below_null:
      return "below null";
    case Verdict::within_noise_of_null:
      return "within noise of null";
    case Verdict::progress:
      return "progress";
    case Verdict::at_the_limit:
      return "at the limit";
    case Verdict::beyond_the_limit:
      return "at the limit: check for leakage";
  }
  return "undefined";
}

GapReport close_gap(const std::vector<GapMethod>& methods, bool higher_is_better, const TestResamples& resamples) {
  const Orientation orientation(higher_is_better);
  const std::size_t n_folds = resamples.n_folds();
  GapReport report;
  report.methods.resize(methods.size());

  // Values of folds, medians over them.
  std::vector<std::optional<double>> turned(methods.size());
  for (std::size_t m = 0; m < methods.size(); ++m) {
    assert(methods[m].fold_values.size() == n_folds);
    std::vector<double> means;
    for (std::size_t fold = 0; fold < n_folds; ++fold) {
      const FoldValues& values = methods[m].fold_values[fold];
      assert(values.of_tests.size() == 0 || values.of_tests.size() == resamples.n_tests(fold));
      assert(!values.whole || values.whole->resampled.size() >= resamples.n_resamples());
      report.methods[m].fold_values.push_back(values.value());
      if (report.methods[m].fold_values.back()) means.push_back(*report.methods[m].fold_values.back());
    }
    if (means.size() < n_folds || n_folds == 0) continue;
    report.methods[m].value = median(std::move(means));
    turned[m] = orientation.turn(*report.methods[m].value);
  }

  // Each fold by its own bounds.
  for (std::size_t fold = 0; fold < n_folds; ++fold) {
    std::vector<std::optional<double>> in_fold(methods.size());
    for (std::size_t m = 0; m < methods.size(); ++m) {
      if (const auto& mean = report.methods[m].fold_values[fold]) in_fold[m] = orientation.turn(*mean);
    }
    const FoldBounds bounds = choose_bounds(methods, in_fold);
    for (std::size_t m = 0; m < methods.size(); ++m) {
      auto& closed = report.methods[m].fold_gap_closed.emplace_back();
      if (in_fold[m] && bounds.gap && *bounds.gap > 0) {
        closed = 100 * difference(*in_fold[m], *in_fold[*bounds.wap]) / *bounds.gap;
      }
    }
    report.folds.push_back(bounds);
  }

  // The context by its medians, and the same in every resample.
  const FoldBounds bounds = choose_bounds(methods, turned);
  const Matrix medians = resampled_medians(methods, turned, resamples, orientation);
  RowVector wap = RowVector::Constant(resamples.n_resamples(), -kInfinity);
  RowVector bap = RowVector::Constant(resamples.n_resamples(), kInfinity);
  for (std::size_t m = 0; m < methods.size(); ++m) {
    if (!turned[m]) continue;
    const auto row = medians.row(static_cast<Eigen::Index>(m));
    if (methods[m].competes == Competes::for_wap) wap = wap.cwiseMax(row);
    if (methods[m].competes == Competes::for_bap) bap = bap.cwiseMin(row);
  }
  const auto bound = [&](std::optional<std::size_t> method, const RowVector& resampled) -> std::optional<Bound> {
    if (!method) return std::nullopt;
    std::vector<double> values = to_vector(resampled);
    return Bound{*method, *report.methods[*method].value, orientation.turn_back(percentile_interval(values))};
  };
  report.wap = bound(bounds.wap, wap);
  report.bap = bound(bounds.bap, bap);
  if (!bounds.gap) return report;

  std::vector<double> gaps = to_vector(bap.binaryExpr(wap, &difference));
  Gap gap{*bounds.gap, percentile_interval(gaps), false};
  gap.defined = gap.value > 0 && gap.ci && gap.ci->low > 0;
  report.gap = gap;
  if (!(gap.value > 0)) return report;

  for (std::size_t m = 0; m < methods.size(); ++m) {
    if (!turned[m]) continue;
    MethodGap& method = report.methods[m];
    method.gap_closed = 100 * difference(*turned[m], *turned[*bounds.wap]) / gap.value;
    std::vector<double> closed(static_cast<std::size_t>(resamples.n_resamples()));
    for (std::size_t b = 0; b < closed.size(); ++b) {
      const auto at = static_cast<Eigen::Index>(b);
      closed[b] = closed_in_resample(medians(static_cast<Eigen::Index>(m), at), wap[at], bap[at]);
    }
    method.ci = percentile_interval(closed);
    if (gap.defined && method.ci) method.verdict = verdict_of(*method.gap_closed, *method.ci);
  }
  return report;
}

}  // namespace headroom
