// Cell-level metrics that rest on pooled profiles of a whole panel: discrimination, the unbiased error ratio, and
// errors and correlation of deltas (metrics.md 1.1, 1.2, 2).
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "parallel/thread_pool.hpp"

namespace headroom {

// One side of a comparison. Views: the numbers live elsewhere.
struct PanelSide {
  std::vector<const std::vector<double>*> y;  // perturbations: genes
  std::vector<double> sampling;               // perturbations: C
  const std::vector<double>* y_control = nullptr;
  double sampling_control = 0;
};

using OwnGenes = std::vector<std::optional<std::size_t>>;

// 1 − k/(n − 1), k: rivals that are nearer by cosine, ties half. `left_out`: one flag a gene, the same for all rows.
std::vector<double> discrimination_cosine(const PanelSide& real, const PanelSide& predicted,
                                          const std::vector<bool>& left_out, ThreadPool& pool);

struct ErrorRatio {
  std::vector<double> numerator, denominator;  // perturbations
  double budget = 0, claim = 0, scale = 1;     // scale: ρ, of what the prediction may claim as its own noise
  // Σ numerator / Σ denominator; nullopt: the denominators do not sum to more than 0.
  std::optional<double> value;
};

ErrorRatio error_ratio(const PanelSide& real, const PanelSide& predicted, const OwnGenes& own);

struct DeltaAgreement {
  double pearson = 0;  // NaN: a constant delta
  double mae = 0, mse = 0;
};

// Over all genes, of each perturbation; each side's delta from its own control.
std::vector<DeltaAgreement> delta_agreement(const PanelSide& real, const PanelSide& predicted);

}  // namespace headroom
