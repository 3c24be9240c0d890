// What each head declares: the grids of the protocol's section 3, and those of ridge and logistic. The plugins of the
// heads and those of their fusion (`concat`) share them.
#pragma once

#include <vector>

#include "headroom/predictor.hpp"

namespace headroom::heads {

inline std::vector<sdk::Hyperparameter> knn_hyperparameters() {
  return {{"k", "number of neighbours", {20, 40, 60, 80, 100}, 1, 1e9, true}};
}

inline std::vector<sdk::Hyperparameter> lasso_hyperparameters() {
  return {{"alpha", "weight of the L1 penalty against half the mean squared error", {1e-3, 1e-2, 1e-1, 1}, 1e-9, 1e9}};
}

// The penalty is added to a feature's sum of squares. For component scores of some thousand standardised rows these lie
// between 1e2 (the last of a hundred components) and 1e6 (the first): the grid goes from hardly any shrinkage of any
// component to strong shrinkage of all.
inline std::vector<sdk::Hyperparameter> ridge_hyperparameters() {
  return {{"alpha", "L2 penalty, added to each feature's sum of squares", {1, 1e2, 1e4, 1e6}, 1e-9, 1e15}};
}

inline std::vector<sdk::Hyperparameter> logistic_hyperparameters() {
  return {{"C", "inverse of the L2 penalty on all genes' weights together", {1, 1e3, 1e5, 1e7}, 1e-6, 1e9}};
}

}  // namespace headroom::heads
