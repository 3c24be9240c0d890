// Parts of the cells of a group: all of them, and the halves that replicates are made of (two parts a split).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cells/aligned_vector.hpp"
#include "numerics/numpy_generator.hpp"

namespace headroom {

// Part 0 is the whole group; parts 1 + 2s and 2 + 2s are halves A and B of split s.
struct CellParts {
  static constexpr std::uint8_t kNone = 255;  // an odd cell, in neither half

  std::size_t n_cells = 0, n_splits = 0;
  std::vector<std::uint8_t> part;  // splits × cells: a part, or kNone

  std::size_t n_parts() const { return 1 + 2 * n_splits; }
  const std::uint8_t* of_split(std::size_t split) const { return part.data() + split * n_cells; }
  // Cells in a part.
  std::size_t size(std::size_t which) const;
};

inline std::size_t half_a(std::size_t split) { return 1 + 2 * split; }
inline std::size_t half_b(std::size_t split) { return 2 + 2 * split; }

// Which half each cell is in, as numbers for vector instructions: of each cell a row with 1 where it is in half A of a
// split, then one for halves B. Rows are filled up with zeros to whole vectors.
struct HalfRows {
  static constexpr std::size_t kLanes = 8;

  std::size_t n_splits = 0, n_lanes = 0;
  AlignedVector<double> row;  // cells × 2 × lanes

  const double* of_cell(std::size_t cell) const { return row.data() + cell * 2 * n_lanes; }
};
HalfRows half_rows(const CellParts& parts);

// A whole group that is not split.
CellParts whole_group(std::size_t n_cells);

// The seeds of the published splits: SeedSequence(0).generate_state(n); the suite takes five.
inline constexpr std::size_t kOfficialSplits = 5;
std::vector<std::uint32_t> split_seeds(std::size_t n_splits);

// The halves of all groups (metrics.md 3.2): per seed one generator for all groups in the order given, which must be
// the ascending order of their labels with the control among them; of a permutation of a group's cells in file order
// the first ⌊m/2⌋ are A and the next ⌊m/2⌋ are B. A group of one cell has no halves.
std::vector<CellParts> split_groups(std::span<const std::size_t> n_cells_of_group,
                                    std::span<const std::uint32_t> seeds);

}  // namespace headroom
