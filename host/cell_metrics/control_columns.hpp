// The control's cells as the rank test wants them: per gene the stored values x/L in ascending order, sorted once for
// all perturbations, with what each half of the control has of every stretch of that order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cell_metrics/cell_parts.hpp"
#include "cell_metrics/group_counts.hpp"
#include "cell_metrics/rank_sums.hpp"
#include "cells/aligned_vector.hpp"
#include "parallel/thread_pool.hpp"

namespace headroom {

// A gene is tested where the control's mean on a total of a million is above this (metrics.md 0.3, step 2).
inline constexpr double kGateMean = 5;
inline constexpr double kCellMillion = 1e6;

struct ControlColumns {
  std::size_t n_genes = 0, n_parts = 0;
  std::vector<std::uint32_t> n_cells;  // parts

  // parts × genes
  std::vector<double> mean;             // of 10⁶·x/L over all cells of the part
  std::vector<std::uint32_t> n_stored;  // cells with a count
  std::vector<double> ties;             // Σ t³ − t over the blocks of equal stored values
  bool is_tested(std::size_t part, std::size_t gene) const { return mean[part * n_genes + gene] > kGateMean; }

  // Genes that some part tests; others have no values.
  std::vector<std::uint64_t> begin;  // genes + 1
  std::vector<double> value;         // x/L, ascending within a gene

  // What one gene's values are searched by (ControlColumn): offsets of genes + 1, and what lies there.
  std::vector<std::uint64_t> rounded_begin, block_begin, top_begin, marks_begin;
  AlignedVector<float> rounded, block_last, top;
  AlignedVector<std::uint64_t> halves;
  std::vector<std::uint32_t> left_out;  // genes × splits
  std::size_t n_splits = 0;

  ControlColumn column(std::size_t gene) const;
};

// Equal fractions x/L are equal numbers: one division each (metrics.md 0.3). Each split leaves at most one cell out.
ControlColumns make_control_columns(const GroupCounts& control, const CellParts& parts, ThreadPool& pool);

}  // namespace headroom
