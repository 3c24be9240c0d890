// Pooled log profiles of groups of cells and how far resampled cells would move them: the pseudobulk and the sampling
// term of the cell-level metrics (metrics.md 0.1, 0.2).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "cell_metrics/cell_parts.hpp"
#include "cell_metrics/group_counts.hpp"

namespace headroom {

// What pooled counts are scaled to before the logarithm.
inline constexpr double kBulkTotal = 5e4;

struct PooledProfile {
  std::vector<double> pooled;  // genes: P, the sum of the cells' counts; empty for halves
  std::vector<double> y;       // genes: ln(1 + B·P/S); zeros where there are no counts
  double sampling = 0;         // C: the delete-one-cell jackknife's variance of y, summed over all genes
  std::size_t n_cells = 0;
};

// y of pooled counts (or of one profile that all cells hold).
std::vector<double> pooled_log(std::span<const double> pooled);

// A profile for each part; `wanted` (one flag a part; empty: all) leaves the sampling term of others at 0, and the
// profiles of parts without cells are zeros.
//
// The jackknife needs no pass over cells × genes: where a cell has no count, what leaving it out changes is a power
// series in its share of all counts, whose sums over cells are the same for every gene, and only stored counts cost a
// logarithm. A part in which one cell holds much of all counts is done cell by cell.
std::vector<PooledProfile> pooled_profiles(const GroupCounts& counts, const CellParts& parts,
                                           const std::vector<bool>& wanted = {});

}  // namespace headroom
