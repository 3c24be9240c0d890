// The kernel of the bootstrap: for every gene, the weighted sums of one block's cells in all lanes at once. Each stored
// entry is read once for as many lanes as the registers hold sums of (64 of 512 bits, 48 of 256).
#pragma once

#include <cstdint>

#include "cells/cell_group.hpp"

namespace headroom {

// sums[(g - gene_begin) · n_lanes + l] += Σ_entries of gene g  value · weights[cell · n_lanes + l], for genes
// [gene_begin, gene_end). n_lanes is a multiple of 8; `weights` (block.n_cells × n_lanes) and `sums` are aligned to 64.
void add_weighted_sums(const GeneMajorBlock& block, const double* weights, std::uint32_t n_lanes,
                       std::uint32_t gene_begin, std::uint32_t gene_end, double* sums);

// weights[i] = counts[i] · worth[i] for one cell's lanes.
void scale_counts(const std::uint16_t* counts, const double* worth, std::uint32_t n_lanes, double* weights);

}  // namespace headroom
