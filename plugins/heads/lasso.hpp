// Lasso: per gene, minimise 1/(2n)·‖y - b - Zw‖² + α‖w‖₁, the intercept b not penalised, for a whole grid of α
// (protocol section 3).
#pragma once

#include "headroom/held_out_errors.hpp"

namespace headroom::heads {

// How the last call solved its genes; both ways meet the same optimality conditions.
struct LassoReport {
  std::int64_t genes_by_soft_threshold = 0;
  std::int64_t genes_by_descent = 0;
};

// Settings: one column, α > 0, in any order. Without a training row that has features every setting is infeasible.
//
// Where the training features are orthogonal, as principal-component scores of the training rows are, the solution is
// one soft threshold per coefficient; otherwise coordinate descent along the path of α (lasso_path.hpp).
LassoReport predict_lasso(const sdk::PredictorRequest& request, int n_threads, sdk::PredictorOutput& output);

// The errors of these predictions for held-out training rows.
LassoReport lasso_errors(const sdk::ErrorsRequest& request, int n_threads, sdk::ErrorsOutput& output);

}  // namespace headroom::heads
