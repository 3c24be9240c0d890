// Ridge in the dual on a weighted sum of the blocks' kernels, weights and penalty by leave-one-out (protocol section
// 9).
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fusion/block_kernel.hpp"
#include "headroom/predictor.hpp"

namespace headroom::fusion {

struct KernelsFit {
  struct Weight {
    std::int64_t block;
    KernelKind kind;
    double weight;  // >= 0; all of them sum to 1, or are 0 where no block says anything
  };
  std::vector<Weight> weights;   // of each block and kind, in this order
  std::optional<double> lambda;  // none where no kernel has weight: the train mean is predicted
  // Mean over training rows of the leave-one-out residual's L2 norm; none of one row. Where perturbations have several
  // rows and none of them is asked for, over one row of each, with no other of its rows in training.
  std::optional<double> loo_l2;
  int n_evaluations = 0;  // on all training rows
  bool is_converged = true;
};

struct KernelsOptions {
  std::vector<KernelKind> kinds = {KernelKind::linear, KernelKind::rbf};  // of each block
  // What the kernels that are searched may fill. Where those of all rows are more (58 kernels: above 4,300 rows), the
  // weights are found on as many evenly spaced rows as fit, and the model is fitted with them on all rows.
  std::int64_t most_kernel_bytes = std::int64_t{4} << 30;
};

// Predicts for every setting the same: nothing is left to choose.
KernelsFit predict_kernels(const sdk::PredictorRequest& request, const KernelsOptions& options, int n_threads,
                           sdk::PredictorOutput& output);

}  // namespace headroom::fusion
