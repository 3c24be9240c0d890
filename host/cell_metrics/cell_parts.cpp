#include "cell_metrics/cell_parts.hpp"

#include <algorithm>
#include <numeric>

namespace headroom {

std::size_t CellParts::size(std::size_t which) const {
  if (which == 0) return n_cells;
  const std::uint8_t* const parts = of_split((which - 1) / 2);
  return static_cast<std::size_t>(std::count(parts, parts + n_cells, static_cast<std::uint8_t>(which)));
}

HalfRows half_rows(const CellParts& parts) {
  HalfRows rows;
  rows.n_splits = parts.n_splits;
  rows.n_lanes = (parts.n_splits + HalfRows::kLanes - 1) / HalfRows::kLanes * HalfRows::kLanes;
  rows.row.assign(parts.n_cells * 2 * rows.n_lanes, 0.0);
  for (std::size_t s = 0; s < parts.n_splits; ++s) {
    for (std::size_t c = 0; c < parts.n_cells; ++c) {
      const std::uint8_t part = parts.of_split(s)[c];
      if (part == CellParts::kNone) continue;
      rows.row[(2 * c + (part == half_a(s) ? 0 : 1)) * rows.n_lanes + s] = 1;
    }
  }
  return rows;
}

CellParts whole_group(std::size_t n_cells) { return {n_cells, 0, {}}; }

std::vector<std::uint32_t> split_seeds(std::size_t n_splits) { return NumpySeedSequence(0).words(n_splits); }

std::vector<CellParts> split_groups(std::span<const std::size_t> n_cells_of_group,
                                    std::span<const std::uint32_t> seeds) {
  std::vector<CellParts> groups;
  for (const std::size_t n : n_cells_of_group) {
    groups.push_back({n, seeds.size(), std::vector<std::uint8_t>(n * seeds.size(), CellParts::kNone)});
  }
  std::vector<std::uint32_t> order;
  for (std::size_t s = 0; s < seeds.size(); ++s) {
    NumpyGenerator generator(seeds[s]);
    for (CellParts& group : groups) {
      order.resize(group.n_cells);
      std::iota(order.begin(), order.end(), 0u);
      generator.permute(std::span(order));
      const std::size_t half = group.n_cells / 2;
      std::uint8_t* const part = group.part.data() + s * group.n_cells;
      for (std::size_t i = 0; i < half; ++i) {
        part[order[i]] = static_cast<std::uint8_t>(half_a(s));
        part[order[half + i]] = static_cast<std::uint8_t>(half_b(s));
      }
    }
  }
  return groups;
}

}  // namespace headroom
