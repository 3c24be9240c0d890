#include "bounds/advantage.hpp"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace headroom {
namespace {

double students_quantile(double n) {
  return boost::math::quantile(boost::math::students_t(n - 1), kAdvantageConfidence);
}

// Resamples in which a value is undefined say nothing.
std::optional<Advantage> advantage_as_a_whole(const WholeFold& first, const WholeFold& second, bool higher_is_better,
                                              double n) {
  const double sign = higher_is_better ? 1 : -1;
  Advantage advantage;
  advantage.mean = sign * (first.value - second.value);
  if (!std::isfinite(advantage.mean)) return std::nullopt;
  double sum = 0, sum_of_squares = 0, n_defined = 0;
  for (Eigen::Index b = 0; b < first.resampled.size(); ++b) {
    const double difference = first.resampled[b] - second.resampled[b];
    if (!std::isfinite(difference)) continue;
    sum += difference;
    sum_of_squares += difference * difference;
    n_defined += 1;
  }
  if (n_defined < 2) return std::nullopt;
  const double variance = std::max(0.0, (sum_of_squares - sum * sum / n_defined) / (n_defined - 1));
  advantage.low = advantage.mean - students_quantile(n) * std::sqrt(variance);
  return advantage;
}

}  // namespace

std::optional<Advantage> paired_advantage(const FoldValues& first_fold, const FoldValues& second_fold,
                                          bool higher_is_better) {
  const Vector &first = first_fold.of_tests, &second = second_fold.of_tests;
  if (first.size() != second.size() || first.size() < kLeastForAdvantage) return std::nullopt;
  const auto n = static_cast<double>(first.size());
  if (first_fold.whole && second_fold.whole) {
    return advantage_as_a_whole(*first_fold.whole, *second_fold.whole, higher_is_better, n);
  }
  const Vector differences = higher_is_better ? Vector(first - second) : Vector(second - first);
  if (!differences.allFinite()) return std::nullopt;
  Advantage advantage;
  advantage.mean = differences.mean();
  const double variance = (differences.array() - advantage.mean).square().sum() / (n - 1);
  advantage.low = advantage.mean - students_quantile(n) * std::sqrt(variance / n);
  return advantage;
}

}  // namespace headroom
