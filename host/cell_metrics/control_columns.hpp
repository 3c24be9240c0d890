// The control's cells as the rank test wants them: per gene the stored values x/L in ascending order, sorted once for
// all perturbations, with what each half of the control has of every stretch of that order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cell_metrics/cell_parts.hpp"
#include "cell_metrics/group_counts.hpp"
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

  // How many of the first i values of a gene a half holds: its marks of 64 values each, and the count before them. A
  // block of all halves lies together, since a search asks for half of them at one place.
  std::size_t n_halves = 0;               // parts without the whole
  std::vector<std::uint64_t> mark_begin;  // genes + 1: blocks of 64 before a gene's first
  std::vector<std::uint64_t> marks;       // blocks × halves
  std::vector<std::uint32_t> marks_before;
};

// Equal fractions x/L are equal numbers: one division each (metrics.md 0.3).
ControlColumns make_control_columns(const GroupCounts& control, const CellParts& parts, ThreadPool& pool);

}  // namespace headroom
