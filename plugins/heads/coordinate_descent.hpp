// The two loops of coordinate descent for the lasso on a Gram matrix, for several genes side by side in vector lanes.
//
// One problem per lane: minimise ½ wᵀGw - cᵀw + τ‖w‖₁, where G = ZᵀZ, c = Zᵀy and τ = nα (protocol section 3, times n).
#pragma once

#include <cstdint>

#include "heads/registers.hpp"

namespace headroom::heads {

// Genes that are solved side by side: 16 with registers of 512 bits, else 8.
std::int64_t descent_lanes(Registers registers);

// Features per block of a sweep; Gram matrices are padded to a multiple of it.
std::int64_t descent_block(Registers registers);

struct Descent {
  Registers registers = registers_of_this_processor();
  std::int64_t n_features = 0;    // of the matrices below, without padding
  const double* gram = nullptr;   // G: features rounded up to a block × gram_stride; padding rows are zero
  std::int64_t gram_stride = 0;
  const double* inverse_diagonal = nullptr;  // 1/G(j, j), and 0 where G(j, j) is 0 (padding, too)
  const double* correlations = nullptr;      // c: features (padded) × lanes
  double threshold = 0.0;                    // τ
};

// One Gauss-Seidel sweep over all features in order. weights: features (padded) × lanes, updated in place.
// largest_move (lanes): max over features of |change of w| · G(j, j), which is by how far the feature missed its
// optimality condition when its turn came.
void descend(const Descent& problem, double* weights, double* largest_move);

// residual = c - G w, features (padded) × lanes.
void residual_correlations(const Descent& problem, const double* weights, double* residual);

}  // namespace headroom::heads
