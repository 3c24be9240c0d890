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
  std::optional<double> loo_l2;  // mean over training rows of the leave-one-out residual's L2 norm; none of one row
  int n_evaluations = 0;         // on all training rows
  bool is_converged = true;
};

// The most that kernels may fill; beyond it the call is refused with what to do.
inline constexpr std::int64_t kMostKernelBytes = std::int64_t{4} << 30;

// Predicts for every setting the same: nothing is left to choose. Each block contributes one kernel of each kind.
KernelsFit predict_kernels(const sdk::PredictorRequest& request, const std::vector<KernelKind>& kinds, int n_threads,
                           sdk::PredictorOutput& output);

}  // namespace headroom::fusion
