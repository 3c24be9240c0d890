// The training deltas about their mean, as fusions use them: for inner products of rows, and for predictions that are
// weighted sums of training rows.
#pragma once

#include "headroom/predictor.hpp"

namespace headroom::fusion {

struct CentredDeltas {
  sdk::Matrix values;       // Y_c = Y - mean: training rows × genes
  Eigen::RowVectorXd mean;  // over the training rows: genes
};

// There is at least one training row.
CentredDeltas centred_deltas(const sdk::PredictorRequest& request);

// Writes prediction = mean + left · Y_c for every setting. left: query rows × training rows.
void write_predictions(const sdk::PredictorRequest& request, const CentredDeltas& deltas, const sdk::Matrix& left,
                       int n_threads, sdk::PredictorOutput& output);

}  // namespace headroom::fusion
