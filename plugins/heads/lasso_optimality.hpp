// How closely the lasso's solutions meet their optimality (KKT) conditions.
#pragma once

#include <algorithm>
#include <cmath>

namespace headroom::heads {

// Largest accepted violation, as a fraction of the gene's largest |correlation| with a feature (protocol section 3).
inline constexpr double kLassoTolerance = 1e-9;

// By how much one coefficient misses its condition. residual: its entry of c - G w.
// A zero weight wants |residual| <= τ; any other wants residual = τ sign(weight).
inline double lasso_violation(double weight, double residual, double threshold) {
  if (weight == 0.0) return std::max(0.0, std::abs(residual) - threshold);
  return std::abs(residual - std::copysign(threshold, weight));
}

// The minimiser where the feature's gram column is zero but for `diagonal`: the soft threshold.
inline double soft_threshold(double correlation, double threshold) {
  return std::max(correlation - threshold, 0.0) + std::min(correlation + threshold, 0.0);
}

}  // namespace headroom::heads
