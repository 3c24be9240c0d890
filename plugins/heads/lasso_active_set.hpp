// The lasso of one gene by exact steps on its active set, for Gram matrices on which coordinate descent would crawl:
// fewer training rows than features, features that are nearly copies of each other.
#pragma once

#include "headroom/plugin.hpp"

namespace headroom::heads {

// Minimises ½ wᵀGw - cᵀw + τ‖w‖₁ from a given start (feature-sign search: Lee et al., NIPS 2006). Each step solves the
// normal equations of the active features for their present signs and goes there, or as far as the first coefficient
// that reaches zero. Linearly dependent active features are moved along their null direction until one reaches zero.
//
// gram: features × features = ZᵀZ; correlations = Zᵀy. violation: the largest accepted one, absolute.
// Returns false if the conditions are not met after a number of steps that exact arithmetic would not need.
bool solve_lasso_by_active_set(const sdk::Matrix& gram, const Eigen::VectorXd& correlations, double threshold,
                               double violation, Eigen::VectorXd& weights);

}  // namespace headroom::heads
