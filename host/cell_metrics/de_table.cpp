#include "cell_metrics/de_table.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "cell_metrics/rank_sums.hpp"
#include "deg/benjamini_hochberg.hpp"

namespace headroom {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kFoldFloor = 1e-9;  // of both means

// The gene's values x/L ascending into buffers.value, with their cells. By floats first, which sort as whole numbers.
void sort_column(const GroupCounts& target, std::size_t gene, DeBuffers& buffers) {
  const std::uint64_t first = target.begin[gene], n = target.begin[gene + 1] - first;
  buffers.unsorted.resize(n);
  buffers.key.resize(n);
  buffers.value.resize(n);
  buffers.cell.resize(n);
  for (std::uint64_t i = 0; i < n; ++i) {
    const double value = target.count[first + i] / target.total[target.cell[first + i]];
    buffers.unsorted[i] = value;
    buffers.key[i] = std::uint64_t{std::bit_cast<std::uint32_t>(static_cast<float>(value))} << 32 | i;
  }
  std::sort(buffers.key.begin(), buffers.key.end());
  const auto place = [&buffers](std::uint64_t i) { return static_cast<std::uint32_t>(buffers.key[i]); };
  for (std::uint64_t i = 0, end = 0; i < n; i = end) {
    while (end < n && buffers.key[end] >> 32 == buffers.key[i] >> 32) ++end;
    if (end - i > 1) {
      std::sort(buffers.key.begin() + static_cast<std::ptrdiff_t>(i),
                buffers.key.begin() + static_cast<std::ptrdiff_t>(end), [&](std::uint64_t a, std::uint64_t b) {
                  const double of_a = buffers.unsorted[static_cast<std::uint32_t>(a)];
                  const double of_b = buffers.unsorted[static_cast<std::uint32_t>(b)];
                  return of_a != of_b ? of_a < of_b : a < b;
                });
    }
  }
  for (std::uint64_t i = 0; i < n; ++i) {
    buffers.value[i] = buffers.unsorted[place(i)];
    buffers.cell[i] = target.cell[first + place(i)];
  }
}

std::vector<std::uint8_t> sides_of(const CellParts& parts) {
  std::vector<std::uint8_t> side(parts.n_cells * parts.n_splits);
  for (std::size_t s = 0; s < parts.n_splits; ++s) {
    for (std::size_t c = 0; c < parts.n_cells; ++c) {
      const std::uint8_t part = parts.of_split(s)[c];
      side[c * parts.n_splits + s] = part == CellParts::kNone ? 2 : part == half_a(s) ? 0 : 1;
    }
  }
  return side;
}

// Adds what the zeros of both sides contribute, and gives p.
double p_of_part(const ControlColumns& columns, std::size_t part, std::size_t gene, double n_target, double n_stored,
                 double twice_below, double ties) {
  const std::size_t at = part * columns.n_genes + gene;
  const double n_control = columns.n_cells[part];
  const double control_zeros = n_control - columns.n_stored[at], target_zeros = n_target - n_stored;
  const double zeros = control_zeros + target_zeros;
  const double twice_u = twice_below + 2 * n_stored * control_zeros + target_zeros * control_zeros;
  return rank_sum_p(twice_u, columns.ties[at] + ties + (zeros * zeros * zeros - zeros), n_target, n_control);
}

void adjust(DeTable& table) {
  std::vector<double> p;
  for (const double each : table.p) {
    if (each == each) p.push_back(each);
  }
  const std::vector<double> q = adjusted_p(p);
  std::size_t next = 0;
  for (std::size_t g = 0; g < table.p.size(); ++g) {
    if (table.p[g] == table.p[g]) table.q[g] = q[next++];
  }
}

DeTable empty_table(std::size_t n_genes) {
  return {std::vector<double>(n_genes, kNaN), std::vector<double>(n_genes, kNaN), std::vector<double>(n_genes, kNaN)};
}

}  // namespace

double fold_change(double target, double control) { return std::log2((target + kFoldFloor) / (control + kFoldFloor)); }

std::vector<DeTable> de_tables(const GroupCounts& target, const CellParts& parts, const ControlColumns& columns,
                               DeBuffers& buffers) {
  const std::size_t n_parts = parts.n_parts(), n_genes = columns.n_genes;
  std::vector<DeTable> tables;
  std::vector<double> n_target(n_parts);
  for (std::size_t p = 0; p < n_parts; ++p) {
    n_target[p] = static_cast<double>(parts.size(p));
    tables.push_back(n_target[p] > 0 && columns.n_cells[p] > 0 ? empty_table(n_genes) : DeTable{});
  }
  buffers.side = sides_of(parts);
  for (std::size_t g = 0; g < n_genes; ++g) {
    bool tested = false;
    for (std::size_t p = 0; p < n_parts; ++p) tested = tested || (!tables[p].p.empty() && columns.is_tested(p, g));
    if (!tested) continue;
    sort_column(target, g, buffers);
    PlacedSums whole;
    buffers.halves.assign(parts.n_splits * kSides, {});
    place_values(columns.column(g),
                 {buffers.value.data(), buffers.cell.data(), buffers.value.size(), buffers.side.data(), parts.n_splits},
                 whole, buffers.halves.data());
    for (std::size_t p = 0; p < n_parts; ++p) {
      if (tables[p].p.empty() || !columns.is_tested(p, g)) continue;
      const PlacedSums& placed = p == 0 ? whole : buffers.halves[(p - 1) / 2 * kSides + (p - 1) % 2];
      tables[p].p[g] = p_of_part(columns, p, g, n_target[p], placed.n_stored, placed.twice_below, placed.ties);
      tables[p].lfc[g] = fold_change(kCellMillion * placed.sum / n_target[p], columns.mean[p * n_genes + g]);
    }
  }
  for (DeTable& table : tables) adjust(table);
  return tables;
}

DeTable de_table_of_tile(const std::vector<double>& profile, std::size_t n_cells, const ControlColumns& columns) {
  DeTable table = empty_table(columns.n_genes);
  const double total = std::accumulate(profile.begin(), profile.end(), 0.0);
  const auto n = static_cast<double>(n_cells);
  for (std::size_t g = 0; g < columns.n_genes; ++g) {
    if (!columns.is_tested(0, g)) continue;
    const double value = profile[g] > 0 ? profile[g] / total : 0;
    double twice_below = 0, ties = 0;
    if (value > 0) {
      const ControlColumn control = columns.column(g);
      const double* const low = std::lower_bound(control.value, control.value + control.n, value);
      const double* const high = std::upper_bound(low, control.value + control.n, value);
      twice_below = n * static_cast<double>((low - control.value) + (high - control.value));
      ties = added_ties(static_cast<double>(high - low), n);
    }
    table.p[g] = p_of_part(columns, 0, g, n, value > 0 ? n : 0, twice_below, ties);
    table.lfc[g] = fold_change(kCellMillion * value, columns.mean[g]);
  }
  adjust(table);
  return table;
}

}  // namespace headroom
