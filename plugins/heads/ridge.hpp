// Ridge regression: per gene, minimise ‖y - b - Zw‖² + α‖w‖², the intercept b not penalised, for a whole grid of α.
#pragma once

#include "headroom/held_out_errors.hpp"

namespace headroom::heads {

// Settings: one column, α > 0. α is on the scale of a feature's sum of squares over the training rows, as in
// scikit-learn's Ridge; it is not divided by the number of rows. Without a training row that has features every setting
// is infeasible.
//
// With Zᵀ(Y - ȳ) computed once for the grid, each setting costs one Cholesky factor of ZᵀZ + αI and one product:
// ŷ = ȳ + [Q (ZᵀZ + αI)⁻¹] [Zᵀ(Y - ȳ)].
void predict_ridge(const sdk::PredictorRequest& request, int n_threads, sdk::PredictorOutput& output);

// The errors of these predictions for held-out training rows.
void ridge_errors(const sdk::ErrorsRequest& request, int n_threads, sdk::ErrorsOutput& output);

}  // namespace headroom::heads
