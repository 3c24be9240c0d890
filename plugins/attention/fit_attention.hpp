// One request to the attention fusion, from its rows to its predictions.
#pragma once

#include <functional>

#include "attention/attention_options.hpp"
#include "attention/attention_training.hpp"
#include "headroom/predictor.hpp"

namespace headroom::attention {

// Trains on the training rows and writes the predictions of all query rows for the request's only setting. Throws
// sdk::Error where there is nothing to stop the training by, or the full size lacks a control profile.
TrainingOutcome fit_and_predict(const sdk::PredictorRequest& request, const AttentionOptions& options, int n_threads,
                                const std::function<void(const Epoch&)>& told, sdk::PredictorOutput& output);

}  // namespace headroom::attention
