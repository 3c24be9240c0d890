// Where a perturbation's values of one gene lie among the control's, for the whole groups and for all halves at once:
// a search for each stored value, zeros by counting (metrics.md 0.3, step 4).
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "cell_metrics/cell_parts.hpp"
#include "cells/aligned_vector.hpp"

namespace headroom {

// One gene of the control, as ControlColumns holds it.
struct ControlColumn {
  const double* value = nullptr;  // ascending
  std::size_t n = 0;
  // The values as floats, filled up with infinities to whole blocks of kSearchBlock; the last of each block, filled up
  // in the same way; and the last of each block of these, likewise.
  const float* rounded = nullptr;
  const float* block_last = nullptr;
  const float* top = nullptr;
  std::size_t n_top = 0;
  // Which of the values the first half of each split holds, by blocks of 64: words of one split after the other, then
  // how many it holds before the block, two splits a word.
  const std::uint64_t* halves = nullptr;
  const std::uint32_t* left_out = nullptr;  // splits: place of the value of the cell in neither half; n: it has none
  std::size_t n_splits = 0;
};

// Values of a block are compared side by side: a cache line of floats.
inline constexpr std::size_t kSearchBlock = 16;
inline constexpr std::size_t kMarksBlock = 64;
inline std::size_t words_of_marks(std::size_t n_splits) { return n_splits + (n_splits + 1) / 2; }

// One gene of a perturbation: stored values in any order, with the cell of each.
struct TargetColumn {
  const double* value = nullptr;        // x/L
  const double* per_million = nullptr;  // 10⁶·x/L in one division, of which means are taken (metrics.md 0.3)
  const std::uint32_t* cell = nullptr;
  std::size_t n = 0;
  const HalfRows* rows = nullptr;  // of its cells
};

// Sums over a part's stored values.
struct PlacedSums {
  double twice_below = 0;  // 2·#(control stored values below) + #(equal), summed over the target's values
  double ties = 0;         // what the target's values add to Σ t³ − t over blocks of stored values
  double sum = 0;          // Σ 10⁶·x/L, in the order of the cells as the control's
  double n_stored = 0;
};

// Memory of one thread, used again: where the values lie, equal ones found, and sums side by side.
struct PlaceBuffers {
  std::vector<std::uint32_t> low, high;                          // values: control values below; and not above
  std::vector<std::uint32_t> seen;                               // a table of the values by their bits
  std::vector<std::pair<std::uint32_t, std::uint32_t>> repeats;  // values: the first that is equal, and this one
  AlignedVector<double> lanes;                                   // sides × quantities × lanes, and more
  AlignedVector<std::int32_t> twice_held;                        // some values × lanes
};

// `halves`: splits × 2, A and B of one split after the other.
void place_values(const ControlColumn& control, const TargetColumn& target, PlaceBuffers& buffers, PlacedSums& whole,
                  PlacedSums* halves);

// Two-sided p of the Mann–Whitney test, normal approximation with continuity and tie correction (metrics.md 0.3).
// twice_u: 2U of the target; ties: Σ t³ − t over all blocks.
double rank_sum_p(double twice_u, double ties, double n_target, double n_control);

// What a block of `added` target values changes in Σ t³ − t where the control has `there` of the same value.
inline double added_ties(double there, double added) {
  const double both = there + added;
  return both * both * both - both - (there * there * there - there);
}

}  // namespace headroom
