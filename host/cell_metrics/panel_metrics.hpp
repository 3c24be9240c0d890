// Cell-level metrics that rest on pooled profiles of a whole panel: discrimination, the unbiased error ratio, and
// errors and correlation of deltas (metrics.md 1.1, 1.2, 2).
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
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

// Genes that a metric does not count: for each row its own, and those of all rows.
struct LeftOutGenes {
  OwnGenes own;              // one a row; empty: none
  std::vector<bool> of_all;  // genes; empty: none

  LeftOutGenes(OwnGenes own_genes = {}, std::vector<bool> genes_of_all = {})
      : own(std::move(own_genes)), of_all(std::move(genes_of_all)) {}
  std::optional<std::size_t> own_of(std::size_t row) const { return own.empty() ? std::nullopt : own[row]; }
  bool leaves(std::size_t row, std::size_t gene) const {
    return (!of_all.empty() && of_all[gene]) || own_of(row) == std::optional<std::size_t>(gene);
  }
};

// 1 − k/(n − 1), k: rivals that are nearer by cosine, ties half; rivals are all n rows of `real`. `places`: of the rows
// of `predicted` in `real`.
std::vector<double> discrimination_cosine(const PanelSide& real, const std::vector<std::size_t>& places,
                                          const PanelSide& predicted, const LeftOutGenes& left_out, ThreadPool& pool);

struct ErrorRatio {
  std::vector<double> numerator, denominator;  // perturbations
  double budget = 0, claim = 0, scale = 1;     // scale: ρ, of what the prediction may claim as its own noise
  // Σ numerator / Σ denominator; nullopt: the denominators do not sum to more than 0.
  std::optional<double> value;
};

// Sampling terms are of all genes, an own one among them; where genes are left out of all rows, they count by the share
// of genes that is left. `pool`: nullptr: in the caller's thread.
ErrorRatio error_ratio(const PanelSide& real, const PanelSide& predicted, const LeftOutGenes& left_out,
                       ThreadPool* pool = nullptr);

struct DeltaAgreement {
  double pearson = 0;  // NaN: a constant delta
  double mae = 0, mse = 0;
};

// Of each perturbation; each side's delta from its own control.
std::vector<DeltaAgreement> delta_agreement(const PanelSide& real, const PanelSide& predicted,
                                            const LeftOutGenes& left_out = {}, ThreadPool* pool = nullptr);

}  // namespace headroom
