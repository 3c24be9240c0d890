// Which genes a perturbation changes, cell by cell: fold change, rank sum test, false discovery rate (metrics.md 0.3).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cell_metrics/cell_parts.hpp"
#include "cell_metrics/control_columns.hpp"
#include "cell_metrics/group_counts.hpp"

namespace headroom {

// A gene is called where q is below this.
inline constexpr double kCallRate = 0.05;

// One perturbation against one control. NaN in all three: the gene is not tested.
struct DeTable {
  std::vector<double> p, q, lfc;  // genes

  bool is_tested(std::size_t gene) const { return q[gene] == q[gene]; }
  bool is_called(std::size_t gene) const { return q[gene] < kCallRate; }
};

// log2 of the ratio of two means on a total of a million, of zeros as well (metrics.md 0.3, step 3).
double fold_change(double target, double control);

// Memory of one thread, used again.
struct DeBuffers {
  std::vector<double> value, per_million;  // of one gene
  PlaceBuffers place;
};

// A table for each part of the target against the same part of the control (one table if nothing is split). A part
// without cells has an empty table. `columns` may have more parts than `parts`: the others are not looked at.
std::vector<DeTable> de_tables(const GroupCounts& target, const CellParts& parts, const ControlColumns& columns,
                               DeBuffers& buffers);

// The table of `n_cells` cells that all hold `profile` (genes), against the whole control.
DeTable de_table_of_tile(const std::vector<double>& profile, std::size_t n_cells, const ControlColumns& columns);

}  // namespace headroom
