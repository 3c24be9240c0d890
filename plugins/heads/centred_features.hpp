// Features about their training means, laid out for the linear heads (lasso, ridge).
#pragma once

#include "headroom/predictor.hpp"

namespace headroom::heads {

struct CentredFeatures {
  sdk::Matrix training_transposed;  // Zᵀ: features × training rows, each row with mean zero
  sdk::Matrix query;                // query rows × features, less the training means
  sdk::Matrix gram;                 // ZᵀZ: features × features
};

CentredFeatures centred_features(const sdk::ConstMatrixMap& training, const sdk::ConstMatrixMap& query);

}  // namespace headroom::heads
