#include "bounds/advantage.hpp"

#include <boost/math/distributions/students_t.hpp>
#include <cmath>

namespace headroom {

std::optional<Advantage> paired_advantage(const Vector& first, const Vector& second, bool higher_is_better) {
  if (first.size() != second.size() || first.size() < kLeastForAdvantage) return std::nullopt;
  const Vector differences = higher_is_better ? Vector(first - second) : Vector(second - first);
  if (!differences.allFinite()) return std::nullopt;
  const auto n = static_cast<double>(differences.size());
  Advantage advantage;
  advantage.mean = differences.mean();
  const double variance = (differences.array() - advantage.mean).square().sum() / (n - 1);
  const double t = boost::math::quantile(boost::math::students_t(n - 1), kAdvantageConfidence);
  advantage.low = advantage.mean - t * std::sqrt(variance / n);
  return advantage;
}

}  // namespace headroom
