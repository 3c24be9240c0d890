// Which training rows a fusion holds out together to see how its parts predict rows that they were not fitted on.
#pragma once

#include <cstdint>
#include <vector>

#include "headroom/predictor.hpp"

namespace headroom::fusion {

inline constexpr std::int64_t kRowFolds = 5;

// The fold of each training row, 0 to kRowFolds - 1: rows of one perturbation share one. Perturbations are shuffled
// (seed 42, as the protocol's inner splits are) and dealt out in turn. Fewer perturbations than folds leave folds
// empty.
std::vector<std::int64_t> row_folds(const sdk::PredictorRequest& request);

}  // namespace headroom::fusion
