// k nearest neighbours: the uniform mean of the neighbours' deltas, for a whole grid of k (protocol section 3).
#pragma once

#include "headroom/held_out_errors.hpp"

namespace headroom::heads {

// Settings: one column, k. A k above the number of training rows with features is infeasible. Neighbours are searched
// once, for the largest feasible k.
void predict_knn(const sdk::PredictorRequest& request, int n_threads, sdk::PredictorOutput& output);

// The errors of these predictions for held-out training rows, from the inner products of deltas alone: with neighbours
// N of a query whose delta is y, ‖mean(N) - y‖² = Σ_ij⟨n_i, n_j⟩/k² - 2 Σ_i⟨n_i, y⟩/k + ⟨y, y⟩, in which each further
// neighbour takes one row of products. No gene is touched.
void knn_errors(const sdk::ErrorsRequest& request, sdk::ErrorsOutput& output);

}  // namespace headroom::heads
