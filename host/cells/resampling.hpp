// Which cells each draw takes: the two-stage bootstrap of protocol section 6 and the disjoint halves, both as integer
// counts per (cell, draw), so that a draw never copies a cell.
#pragma once

#include <cstdint>
#include <vector>

#include "cells/cell_group.hpp"

namespace headroom {

// How the lanes (columns of a count matrix) are used: first the bootstrap draws, outer-major; then for each split its
// half A, then for each split its half B; then zeros up to a multiple of 8, the width of the widest vectors.
struct LaneLayout {
  int n_outer = 0, n_inner = 0, n_splits = 0;

  int n_draws() const { return n_outer * n_inner; }
  int half_a(int split) const { return n_draws() + split; }
  int half_b(int split) const { return n_draws() + n_splits + split; }
  int n_used() const { return n_draws() + 2 * n_splits; }
  int n_lanes() const { return (n_used() + 7) / 8 * 8; }
};

// How often each outer draw takes each of `n_batches` batches: n_outer × n_batches, every row sums to n_batches. One
// batch is always taken once. `key` names the group (stream_key).
std::vector<std::uint32_t> draw_batches(std::uint64_t key, int n_outer, std::uint32_t n_batches);

// Counts of one group's cells in every lane, and what a count is worth there.
struct ResampledCells {
  std::vector<std::uint16_t> counts;  // cells × lanes
  // spans × lanes: weight of one count, so that Σ counts · worth · value is the profile of that lane: the mean over
  // drawn batches of the mean over drawn cells. 0 where the batch does not enter.
  std::vector<double> worth;
};

// Draws within every span, as often as `batch_draws` (layout.n_outer × spans.size()) says: a batch taken m times gives
// m · n_cells cells with replacement. The halves: each span for which `splits[s]` is true is cut at random in two, the
// smaller half A; it is worth nothing in the halves otherwise. `role` keeps the streams of a perturbation's own cells
// and of its control apart. The memory of `out` is used again.
void resample_cells(std::uint64_t key, std::uint32_t role, const LaneLayout& layout,
                    const std::vector<BatchSpan>& spans, const std::vector<std::uint32_t>& batch_draws,
                    const std::vector<bool>& splits, ResampledCells& out);

}  // namespace headroom
