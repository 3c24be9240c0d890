// A convex combination of what single heads predict from single blocks, weighed by their out-of-fold predictions of the
// training rows (protocol section 9). Blocks' preparation is held fixed: features are as the request has them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "headroom/predictor.hpp"

namespace headroom::fusion {

struct StackFit {
  struct Part {
    std::int64_t block;
    std::string_view head;  // "knn", "ridge", "logistic"
    double setting;  // k, alpha or C: of the head's grid, the one with the least out-of-fold error, the first of equals
    double weight;   // >= 0; all of them sum to 1
  };
  std::vector<Part> parts;  // a head that no fold can fit on a block has no part
  double error = 0;         // mean over rows of the out-of-fold error's L2 norm, with these weights
  bool is_converged = true;
  std::int64_t n_unfinished = 0;  // logistic fits that were given up short of their optimum
};

// What out-of-fold predictions may fill at once; the rest waits its turn. It changes no number beyond rounding.
struct StackMemory {
  std::int64_t most_bytes = std::int64_t{256} << 20;
};

// Deltas: heads knn and ridge, with the grids that their plugins declare. Both predict weighted sums of training rows,
// so that errors and weights take inner products of the deltas and no genes. Predicts for every setting of the request
// the same. A query row without any block, or a task where nothing can be held out, is predicted as the train mean.
StackFit predict_stack(const sdk::PredictorRequest& request, int n_threads, sdk::PredictorOutput& output,
                       const StackMemory& memory = {});

// Classes: the head logistic on each block, with the C of its grid. What is minimised is the mean over rows of the L2
// distance of the probabilities from the row's labels, 1 for the gene's class and 0 for others, each label weighing
// 1 / (K n_k / N) where n_k of N training labels are of its class: probabilities come from balanced classes, and the
// run's own score, the macro F1, counts classes alike but has no slope to follow.
StackFit predict_class_stack(const sdk::PredictorRequest& request, int n_threads, sdk::PredictorOutput& output,
                             const StackMemory& memory = {});

}  // namespace headroom::fusion
