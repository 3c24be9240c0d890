// The raw counts of one group of cells, gene by gene: what every cell-level number is made of.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cells/cell_group.hpp"
#include "cells/normalise.hpp"

namespace headroom {

// Sparse genes × cells. What is not stored is zero; nothing that is stored is.
struct GroupCounts {
  std::size_t n_cells = 0;
  std::vector<double> total;         // cells: the sum of a cell's counts over all genes, L
  std::vector<std::uint64_t> begin;  // genes + 1
  std::vector<std::uint32_t> cell;   // entries, ascending within a gene
  std::vector<double> count;         // entries

  std::size_t n_genes() const { return begin.size() - 1; }
};

// A stored count on the scale of the protocol: log1p of the count in a cell of kCellTotal.
inline double log_value(const GroupCounts& counts, std::uint64_t entry) {
  return std::log1p(counts.count[entry] / counts.total[counts.cell[entry]] * kCellTotal);
}

// `rows`: counts as CellBuckets gives them unnormalised. Memory of `out` is used again.
void make_group_counts(const CellRows& rows, std::size_t n_genes, GroupCounts& out);

// The named cells alone, in the order named (repeats allowed).
void choose_cells(const CellRows& rows, std::span<const std::uint32_t> cells, CellRows& out);

}  // namespace headroom
