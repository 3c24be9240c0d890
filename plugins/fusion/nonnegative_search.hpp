// A local minimum of a smooth function over numbers that are not negative: how fusions find the weights of their
// blocks.
#pragma once

#include <Eigen/Core>
#include <functional>
#include <limits>
#include <optional>

namespace headroom::fusion {

// The value at `at`, and its derivatives, which `gradient` takes; none where the function cannot be evaluated.
using Objective = std::function<std::optional<double>(const Eigen::VectorXd& at, Eigen::VectorXd& gradient)>;

struct NonnegativeSearch {
  Eigen::VectorXd at;                                       // the start, none below 0; then the minimum
  double value = std::numeric_limits<double>::quiet_NaN();  // there; NaN: the start could not be evaluated
  Eigen::VectorXd gradient;                                 // there
  // Approximate second derivatives there. None before the first search: they are then guessed. A search of a similar
  // function starts well with those of the last.
  Eigen::MatrixXd curvature;
  int n_evaluations = 0;
  bool is_converged = false;
};

struct SearchLimits {
  double tolerance = 1e-9;  // of the decrease that the quadratic model still promises, as a share of the value
  int most_evaluations = 200;
  double largest = 1e6;  // of any number
};

// Sequential quadratic programming with damped BFGS updates (Nocedal & Wright, Numerical Optimization, 2nd ed., ch.
// 18). A start that cannot be evaluated leaves `search` as it is, with no evaluation that counts as converged.
void search_nonnegative(const Objective& objective, const SearchLimits& limits, NonnegativeSearch& search);

}  // namespace headroom::fusion
