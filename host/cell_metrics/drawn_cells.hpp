// Cells drawn from a law: negative binomial counts about given shares. With shares drawn from a screen's effect model
// they are a second screen of the same truth, and what the best possible prediction of a given depth would hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cell_metrics/group_counts.hpp"

namespace headroom {

// How deep drawn cells are.
struct CellDepth {
  std::size_t n_cells = 0;
  const std::vector<double>* totals = nullptr;  // counts of cells that totals are drawn from, with replacement
  double factor = 1;                            // of these totals
};

// `share`, `dispersion`: genes, as of CellNoise. The cells are those of (key, number) alone.
void draw_cells(const std::vector<double>& share, const std::vector<double>& dispersion, const CellDepth& depth,
                std::uint64_t key, std::uint32_t number, GroupCounts& out);

}  // namespace headroom
