// k nearest neighbours: the uniform mean of the neighbours' deltas, for a whole grid of k (protocol section 3).
#pragma once

#include "headroom/predictor.hpp"

namespace headroom::heads {

// Settings: one column, k. A k above the number of training rows with features is infeasible. Neighbours are searched
// once, for the largest feasible k.
void predict_knn(const sdk::PredictorRequest& request, int n_threads, sdk::PredictorOutput& output);

}  // namespace headroom::heads
