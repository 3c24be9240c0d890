// Where a perturbation's values of one gene lie among the control's, for the whole groups and for all halves at once:
// a binary search for each stored value, zeros by counting (metrics.md 0.3, step 4).
#pragma once

#include <cstddef>
#include <cstdint>

namespace headroom {

// One gene of the control, as ControlColumns holds it.
struct ControlColumn {
  const double* value = nullptr;  // ascending
  std::size_t n = 0;
  const std::uint64_t* marks = nullptr;
  const std::uint32_t* marks_before = nullptr;
  std::size_t n_halves = 0;
};

// One gene of a perturbation: stored values ascending, with the cell of each.
struct TargetColumn {
  const double* value = nullptr;
  const std::uint32_t* cell = nullptr;
  std::size_t n = 0;
  const std::uint8_t* part = nullptr;  // splits × cells, as CellParts
  std::size_t n_cells = 0, n_splits = 0;
};

// Of the stored values, per part (the whole, then the halves); added to what is there.
struct PlacedSums {
  double* twice_below = nullptr;  // 2·#(control stored values below) + #(equal), summed over the target's values
  double* ties = nullptr;         // what the target's values add to Σ t³ − t over blocks of stored values
  double* sum = nullptr;          // Σ x/L
  std::uint32_t* n_stored = nullptr;
};

void place_values(const ControlColumn& control, const TargetColumn& target, const PlacedSums& out);

// Two-sided p of the Mann–Whitney test, normal approximation with continuity and tie correction (metrics.md 0.3).
// twice_u: 2U of the target; ties: Σ t³ − t over all blocks.
double rank_sum_p(double twice_u, double ties, double n_target, double n_control);

// What a block of `added` target values changes in Σ t³ − t where the control has `there` of the same value.
inline double added_ties(double there, double added) {
  const double both = there + added;
  return both * both * both - both - (there * there * there - there);
}

}  // namespace headroom
