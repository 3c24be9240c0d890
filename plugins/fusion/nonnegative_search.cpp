#include "fusion/nonnegative_search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace headroom::fusion {
namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

// The step d that minimises gᵀd + ½ dᵀBd with 0 <= at + d <= largest, by coordinate descent.
VectorXd quadratic_step(const VectorXd& at, const VectorXd& gradient, const MatrixXd& curvature, double largest) {
  constexpr int kMostSweeps = 2000;
  constexpr double kSettled = 1e-12;  // of the largest step
  VectorXd step = VectorXd::Zero(at.size());
  VectorXd slope = gradient;  // g + B d
  for (int sweep = 0; sweep < kMostSweeps; ++sweep) {
    double moved = 0;
    for (Eigen::Index i = 0; i < at.size(); ++i) {
      const double to = std::clamp(step[i] - slope[i] / curvature(i, i), -at[i], largest - at[i]);
      const double change = to - step[i];
      if (change == 0) continue;
      step[i] = to;
      slope += change * curvature.col(i);
      moved = std::max(moved, std::abs(change));
    }
    if (moved <= kSettled * step.cwiseAbs().maxCoeff()) break;
  }
  return step;
}

// The gradient without what the bounds hold back.
VectorXd free_gradient(const VectorXd& at, const VectorXd& gradient) {
  VectorXd free = gradient;
  for (Eigen::Index i = 0; i < at.size(); ++i) {
    if (at[i] <= 0 && gradient[i] > 0) free[i] = 0;
  }
  return free;
}

// Powell's damping keeps the curvature positive definite where the function bends the other way.
void update(MatrixXd& curvature, const VectorXd& step, VectorXd change) {
  const VectorXd modelled = curvature * step;
  const double model = step.dot(modelled), seen = step.dot(change);
  if (!(model > 0)) return;
  if (seen < 0.2 * model) {
    const double share = 0.8 * model / (model - seen);
    change = share * change + (1 - share) * modelled;
  }
  curvature += change * change.transpose() / step.dot(change) - modelled * modelled.transpose() / model;
}

}  // namespace

void search_nonnegative(const Objective& objective, const SearchLimits& limits, NonnegativeSearch& search) {
  constexpr double kEnough = 1e-4;  // of the decrease that the slope promises (Armijo)
  constexpr int kMostHalvings = 30;
  search.is_converged = false;
  search.n_evaluations = 1;
  search.gradient.resize(search.at.size());
  const auto start = objective(search.at, search.gradient);
  search.value = std::numeric_limits<double>::quiet_NaN();
  if (!start) return;
  search.value = *start;
  const bool is_guess = search.curvature.rows() != search.at.size();
  bool is_first = is_guess;
  if (is_guess) {
    // The first step is to be about half as long as the start.
    const double slope = free_gradient(search.at, search.gradient).norm();
    const double length = std::max(0.5 * search.at.norm(), 1e-6);
    search.curvature = MatrixXd::Identity(search.at.size(), search.at.size()) * std::max(slope / length, 1e-12);
  }
  VectorXd gradient(search.at.size());
  while (search.n_evaluations < limits.most_evaluations) {
    const VectorXd step = quadratic_step(search.at, search.gradient, search.curvature, limits.largest);
    const double slope = search.gradient.dot(step);
    const double promised = -(slope + 0.5 * step.dot(search.curvature * step));
    if (!(promised > limits.tolerance * std::abs(search.value))) {
      search.is_converged = true;
      return;
    }
    double along = 1;
    bool is_lower = false;
    for (int halving = 0; halving < kMostHalvings && search.n_evaluations < limits.most_evaluations; ++halving) {
      const VectorXd at = (search.at + along * step).cwiseMax(0.0);
      ++search.n_evaluations;
      const auto value = objective(at, gradient);
      if (value && *value <= search.value + kEnough * along * slope) {
        const VectorXd moved = at - search.at, change = gradient - search.gradient;
        if (is_first && moved.dot(change) > 0) {
          search.curvature *= change.dot(change) / moved.dot(change) / search.curvature(0, 0);
        }
        is_first = false;
        update(search.curvature, moved, change);
        search.at = at;
        search.value = *value;
        search.gradient = gradient;
        is_lower = true;
        break;
      }
      // The minimum of the parabola through value, slope and the new value, held within [0.1, 0.5].
      double shrink = 0.1;
      if (value) shrink = std::clamp(-0.5 * slope * along / (*value - search.value - slope * along), 0.1, 0.5);
      along *= shrink;
    }
    if (!is_lower) return;  // rounding hides any further decrease
  }
}

}  // namespace headroom::fusion
