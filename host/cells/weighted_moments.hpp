// The kernel of label calls: for every gene, Σ w·x and Σ w·x² over one block's cells in all lanes at once, as
// weighted_sums.hpp has it for Σ w·x.
#pragma once

#include <cstdint>

#include "cells/cell_group.hpp"

namespace headroom {

// sums[(g - gene_begin) · n_lanes + l] += Σ_entries of gene g  value · weights[cell · n_lanes + l], and `squares`
// likewise with value², for genes [gene_begin, gene_end). n_lanes is a multiple of 8; `weights` (block.n_cells ×
// n_lanes), `sums` and `squares` are aligned to 64.
void add_weighted_moments(const GeneMajorBlock& block, const double* weights, std::uint32_t n_lanes,
                          std::uint32_t gene_begin, std::uint32_t gene_end, double* sums, double* squares);

}  // namespace headroom
