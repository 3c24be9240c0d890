// Whether one method is better than another beyond doubt, on the same test perturbations: a bound so careful that
// hundreds of such questions in one run raise no false alarm.
#pragma once

#include <optional>

#include "bounds/resampling.hpp"

namespace headroom {

struct Advantage {
  double mean = 0;  // of `first` over `second`, in the metric's unit; positive: `first` is better
  double low = 0;   // the lower end of its one-sided interval
};

inline constexpr Eigen::Index kLeastForAdvantage = 5;   // test perturbations; with fewer the interval says nothing
inline constexpr double kAdvantageConfidence = 0.9999;  // one-sided: one false alarm in 10,000 if there is no advantage

// One value per test perturbation of each. The interval is Student's, of the mean of the paired differences: unlike the
// percentile bootstrap it keeps its level with a handful of perturbations. The differences count as independent: given
// the training part, each depends on its own test perturbation alone. None with fewer than kLeastForAdvantage
// perturbations, or where a difference is not finite.
//
// Of folds that have a value as a whole there are no such differences: their spread over the resamples, the same ones
// for both, stands for the standard error, with as many degrees of freedom.
std::optional<Advantage> paired_advantage(const FoldValues& first, const FoldValues& second, bool higher_is_better);

}  // namespace headroom
