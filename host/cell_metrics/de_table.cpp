#include "cell_metrics/de_table.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "cell_metrics/rank_sums.hpp"
#include "deg/benjamini_hochberg.hpp"
#include "matrix/undefined.hpp"

namespace headroom {
namespace {

constexpr double kFoldFloor = 1e-9;  // of both means

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
  const HalfRows rows = half_rows(parts);
  std::vector<PlacedSums> placed(n_parts);
  for (std::size_t g = 0; g < n_genes; ++g) {
    bool tested = false;
    for (std::size_t p = 0; p < n_parts; ++p) tested = tested || (!tables[p].p.empty() && columns.is_tested(p, g));
    if (!tested) continue;
    const std::uint64_t first = target.begin[g], n = target.begin[g + 1] - first;
    buffers.value.resize(std::max<std::size_t>(buffers.value.size(), n));
    buffers.per_million.resize(buffers.value.size());
    for (std::uint64_t i = 0; i < n; ++i) {
      const double count = target.count[first + i], total = target.total[target.cell[first + i]];
      buffers.value[i] = count / total;
      buffers.per_million[i] = kCellMillion * count / total;
    }
    place_values(columns.column(g),
                 {buffers.value.data(), buffers.per_million.data(), target.cell.data() + first, n, &rows},
                 buffers.place, placed[0], placed.data() + 1);
    for (std::size_t p = 0; p < n_parts; ++p) {
      if (tables[p].p.empty() || !columns.is_tested(p, g)) continue;
      const PlacedSums& here = placed[p];
      tables[p].p[g] = p_of_part(columns, p, g, n_target[p], here.n_stored, here.twice_below, here.ties);
      tables[p].lfc[g] = fold_change(here.sum / n_target[p], columns.mean[p * n_genes + g]);
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
    table.lfc[g] = fold_change(kCellMillion * profile[g] / total, columns.mean[g]);
  }
  adjust(table);
  return table;
}

}  // namespace headroom
