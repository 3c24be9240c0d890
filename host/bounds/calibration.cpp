#include "bounds/calibration.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <vector>

#include "deg/benjamini_hochberg.hpp"
#include "numerics/quantile.hpp"

namespace headroom {

Calibration calibrate(const Vector& positive, const Vector& negative, double perfect, bool higher_is_better) {
  assert(positive.size() == negative.size());
  const double sign = higher_is_better ? 1 : -1;
  Calibration calibration;
  calibration.drf = Vector::Constant(positive.size(), std::numeric_limits<double>::quiet_NaN());
  std::vector<double> finite;
  double n_better = 0, n_compared = 0;
  for (Eigen::Index p = 0; p < positive.size(); ++p) {
    if (!std::isfinite(positive[p]) || !std::isfinite(negative[p])) continue;
    const double gained = sign * (positive[p] - negative[p]), room = sign * (perfect - negative[p]);
    n_compared += 1;
    n_better += gained > 0;
    if (room < 0) continue;
    calibration.drf[p] = std::clamp(gained / (room + kDrfRegularisation), -1.0, 1.0);
    finite.push_back(calibration.drf[p]);
  }
  if (n_compared > 0) calibration.bds = n_better / n_compared;
  calibration.n_finite = static_cast<Eigen::Index>(finite.size());
  if (finite.empty()) return calibration;
  double sum = 0;
  for (const double value : finite) sum += value;
  calibration.drf_mean = sum / static_cast<double>(finite.size());
  calibration.drf_median = median(std::move(finite));
  return calibration;
}

RowVector interpolated_duplicate(const RowVector& duplicate, const RowVector& others, std::span<const double> p) {
  assert(duplicate.size() == others.size() && p.size() == static_cast<std::size_t>(others.size()));
  const std::vector<double> adjusted = adjusted_p(p);
  const Eigen::Map<const RowVector> q(adjusted.data(), others.size());
  return (1 - q.array()) * duplicate.array() + q.array() * others.array();
}

}  // namespace headroom
