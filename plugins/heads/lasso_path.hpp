// The lasso of a group of genes along a path of descending thresholds, on features that need not be orthogonal.
#pragma once

#include <cstdint>
#include <vector>

#include "headroom/plugin.hpp"
#include "heads/registers.hpp"

namespace headroom::heads {

class LassoPath {
 public:
  // gram: ZᵀZ, features × features; must outlive this object. thresholds: τ = nα, positive and descending.
  LassoPath(const sdk::Matrix& gram, std::vector<double> thresholds,
            Registers registers = registers_of_this_processor());

  // Genes that solve() treats side by side.
  std::int64_t lanes() const { return lanes_; }

  // correlations: Zᵀy of lanes() genes, features × lanes. weights: one matrix per threshold, features × lanes, filled.
  // Throws sdk::Error if a gene's conditions (lasso_optimality.hpp) cannot be met.
  //
  // Coordinate descent from the larger threshold's solution, on the features that the sequential strong rule keeps
  // (Tibshirani et al. 2012), and on more of them until the conditions hold for all; a gene that is still not there
  // after kMostSweeps sweeps is finished by exact steps on its active set.
  void solve(const double* correlations, const std::vector<double*>& weights);

  static constexpr int kMostSweeps = 400;  // about what the exact steps of one gene cost at 100 features

 private:
  // The problem restricted to the features in kept_.
  void gather(const double* correlations, const double* weights);
  bool descend_until_still(double threshold, int& sweeps);
  void finish_exactly(const double* correlations, double threshold, double* weights);

  const sdk::Matrix& gram_;
  std::vector<double> thresholds_;
  Registers registers_;
  std::int64_t lanes_;
  std::int64_t padded_;        // features rounded up to a block of the descent
  std::vector<double> whole_;  // gram_, padded with zeros to padded_ × padded_
  std::vector<double> whole_inverse_;

  std::vector<std::int32_t> kept_;
  std::vector<double> kept_gram_, kept_inverse_, kept_correlations_, kept_weights_;
  std::vector<double> padded_correlations_, padded_weights_, residual_, largest_, move_;
};

}  // namespace headroom::heads
