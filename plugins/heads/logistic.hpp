// Softmax regression, gene by gene: which genes respond to a perturbation, and in which direction (protocol section 8).
#pragma once

#include "headroom/predictor.hpp"

namespace headroom::heads {

// Tasks of two or three classes. Settings: one column, C > 0. Per gene, over the labelled training rows with features,
// minimise the weighted mean cross-entropy + (G / C) · ‖W‖², the biases not penalised: G genes are in the request, and
// a row of class k weighs 1 / n_k, so that all classes present weigh the same. The optimum is solved for, to
// derivatives below 1e-7, and a setting's numbers do not depend on the grid that it stands in. A class absent from a
// gene's training rows has probability 0; a gene with one class has probability 1 there. Without a labelled training
// row that has features every setting is infeasible.
//
// Query rows without features are predicted as the most frequent class of all labelled training rows, the lowest of
// equally frequent ones.
//
// Gives the number of fits that were given up short of the optimum; their predictions are those of the last step.
std::int64_t predict_logistic(const sdk::PredictorRequest& request, int n_threads, sdk::PredictorOutput& output);

// Tells the user's log of such fits, where there are any.
void warn_of_unfinished(const sdk::Host& host, std::int64_t n_fits);

}  // namespace headroom::heads
