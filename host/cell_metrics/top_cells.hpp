// Cells of a perturbation on the genes that tell it from the others, and how far predicted cells lie from them: the
// distances of single cells (metrics.md 4), which no pooled profile shows.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "cell_metrics/group_counts.hpp"
#include "cells/wmse_weights.hpp"
#include "matrix/label_matrix.hpp"

namespace headroom {

// Rows of cells × genes.
using DenseCells = std::vector<std::vector<double>>;

// Genes of a perturbation whose cells distances are taken over.
inline constexpr std::size_t kTopGenes = 50;

// By the names of metric_values().
inline constexpr std::string_view kEnergyDistance = "energy_distance_top", kMmd = "mmd_median_top";
inline constexpr std::array kCellDistances{kEnergyDistance, kMmd};

// Of one perturbation: the genes of largest |t| against the other perturbations' cells, and its cells on them, scaled
// to 10,000 counts, then log1p.
struct TopCells {
  std::vector<std::uint32_t> genes;
  DenseCells cells;  // cells × genes
};

// Of each perturbation the genes of largest |t|, kTopGenes or all that there are, ties by the order of genes.
// `weights`: perturbations × genes, those of WMSE, which grow with |t|.
std::vector<std::vector<std::uint32_t>> top_genes(const ConstFloatMap& weights);

// Sums over the cells of one perturbation, of the values that distances are taken of, into its row.
void set_log_sums(const GroupCounts& counts, Eigen::Index perturbation, SumsOfCells& sums);

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
