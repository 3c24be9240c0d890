// Cells of a perturbation on the genes that tell it from the others, and how far predicted cells lie from them: the
// distances of single cells (metrics.md 4), which no pooled profile shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "cell_metrics/group_counts.hpp"

namespace headroom {

// Rows of cells × genes.
using DenseCells = std::vector<std::vector<double>>;

// Genes of a perturbation whose cells distances are taken over.
inline constexpr std::size_t kTopGenes = 50;

// Of one perturbation: the genes of largest |t| against the other perturbations' cells, and its cells on them, scaled
// to 10,000 counts, then log1p.
struct TopCells {
  std::vector<std::uint32_t> genes;
  DenseCells cells;  // cells × genes
};

// Cells × `genes`. A cell without counts holds zeros.
DenseCells log_cells(const GroupCounts& counts, const std::vector<std::uint32_t>& genes);

// `n_cells` cells that all hold `profile` (genes: mean counts).
DenseCells log_cells_of_tile(const std::vector<double>& profile, std::size_t n_cells,
                             const std::vector<std::uint32_t>& genes);

// Of predicted cells from real ones; 0 is expected of a second sample of the same law, and less may come out.
struct CellDistances {
  double energy = 0;  // twice the mean between minus the unbiased means within, Euclidean
  double mmd = 0;     // unbiased square, Gaussian kernel, bandwidth the median of all pairwise distances
};
CellDistances cell_distances(const TopCells& real, const DenseCells& predicted);

}  // namespace headroom
