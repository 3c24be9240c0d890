#include "heads/lasso_active_set.hpp"

#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "heads/lasso_optimality.hpp"

namespace headroom::heads {
namespace {

// A pivot below this fraction of its diagonal: the feature depends linearly on those before it.
constexpr double kDependent = 1e-12;

struct ActiveSet {
  std::vector<Eigen::Index> features;
  std::vector<double> signs;

  Eigen::Index size() const { return static_cast<Eigen::Index>(features.size()); }
  void erase(std::size_t at) {
    features.erase(features.begin() + static_cast<std::ptrdiff_t>(at));
    signs.erase(signs.begin() + static_cast<std::ptrdiff_t>(at));
  }
};

// Where the active weights should go: to a point, or without end along a direction in which the fit does not change.
struct Target {
  Eigen::VectorXd step;
  bool unbounded = false;
};

Target target_of(const sdk::Matrix& gram, const Eigen::VectorXd& correlations, double threshold,
                 const ActiveSet& active, const Eigen::VectorXd& weights) {
  const Eigen::Index m = active.size();
  sdk::Matrix lower = sdk::Matrix::Zero(m, m);  // Cholesky factor of the active Gram matrix
  for (Eigen::Index i = 0; i < m; ++i) {
    const Eigen::Index fi = active.features[static_cast<std::size_t>(i)];
    for (Eigen::Index j = 0; j < i; ++j) {
      const double product = lower.row(i).head(j).dot(lower.row(j).head(j));
      lower(i, j) = (gram(fi, active.features[static_cast<std::size_t>(j)]) - product) / lower(j, j);
    }
    const double pivot = gram(fi, fi) - lower.row(i).head(i).squaredNorm();
    if (pivot > kDependent * gram(fi, fi)) {
      lower(i, i) = std::sqrt(pivot);
      continue;
    }
    // Z v = 0 for v = (-x, 1), x the weights that make feature i of those before it. Go the way that lowers ‖w‖₁.
    Target null{Eigen::VectorXd::Zero(m), true};
    null.step(i) = 1.0;
    if (i > 0) {
      Eigen::VectorXd x = lower.row(i).head(i).transpose();
      lower.topLeftCorner(i, i).triangularView<Eigen::Lower>().transpose().solveInPlace(x);
      null.step.head(i) = -x;
    }
    double slope = 0.0;
    for (Eigen::Index j = 0; j < m; ++j) slope += active.signs[static_cast<std::size_t>(j)] * null.step(j);
    if (slope > 0.0) null.step = -null.step;
    return null;
  }
  Eigen::VectorXd goal(m);
  for (Eigen::Index i = 0; i < m; ++i) {
    goal(i) = correlations(active.features[static_cast<std::size_t>(i)]) -
              threshold * active.signs[static_cast<std::size_t>(i)];
  }
  lower.triangularView<Eigen::Lower>().solveInPlace(goal);
  lower.triangularView<Eigen::Lower>().transpose().solveInPlace(goal);
  for (Eigen::Index i = 0; i < m; ++i) goal(i) -= weights(active.features[static_cast<std::size_t>(i)]);
  return {goal, false};
}

// Goes along the step until it ends or a weight reaches zero; that feature leaves the active set. False: no way to go.
bool advance(const Target& target, ActiveSet& active, Eigen::VectorXd& weights) {
  double length = target.unbounded ? std::numeric_limits<double>::infinity() : 1.0;
  std::optional<std::size_t> leaves;
  for (std::size_t i = 0; i < active.features.size(); ++i) {
    const double step = target.step(static_cast<Eigen::Index>(i));
    if (step * active.signs[i] >= 0.0) continue;
    const double to_zero = std::abs(weights(active.features[i]) / step);
    if (to_zero < length) {
      length = to_zero;
      leaves = i;
    }
  }
  if (!std::isfinite(length)) return false;
  for (std::size_t i = 0; i < active.features.size(); ++i) {
    weights(active.features[i]) += length * target.step(static_cast<Eigen::Index>(i));
  }
  if (leaves) {
    weights(active.features[*leaves]) = 0.0;
    active.erase(*leaves);
  }
  return true;
}

}  // namespace

bool solve_lasso_by_active_set(const sdk::Matrix& gram, const Eigen::VectorXd& correlations, double threshold,
                               double violation, Eigen::VectorXd& weights) {
  const Eigen::Index p = gram.rows();
  ActiveSet active;
  for (Eigen::Index j = 0; j < p; ++j) {
    if (weights(j) == 0.0) continue;
    active.features.push_back(j);
    active.signs.push_back(weights(j) > 0.0 ? 1.0 : -1.0);
  }
  const Eigen::Index most_steps = 20 * p + 100;  // each feature enters and leaves a few times at most
  for (Eigen::Index steps = 0; steps < most_steps; ++steps) {
    Eigen::VectorXd residual = correlations;
    residual.noalias() -= gram * weights;
    double worst_active = 0.0;
    for (std::size_t i = 0; i < active.features.size(); ++i) {
      worst_active = std::max(worst_active, std::abs(residual(active.features[i]) - threshold * active.signs[i]));
    }
    if (worst_active <= violation) {
      Eigen::Index enters = -1;
      double worst = violation;
      for (Eigen::Index j = 0; j < p; ++j) {
        const double missed = weights(j) == 0.0 ? lasso_violation(0.0, residual(j), threshold) : 0.0;
        if (missed > worst) {
          worst = missed;
          enters = j;
        }
      }
      if (enters < 0) return true;
      active.features.push_back(enters);
      active.signs.push_back(residual(enters) > 0.0 ? 1.0 : -1.0);
    }
    const Target target = target_of(gram, correlations, threshold, active, weights);
    if (!advance(target, active, weights)) return false;
  }
  return false;
}

}  // namespace headroom::heads
