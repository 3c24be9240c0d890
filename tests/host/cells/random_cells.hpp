// Small random groups of cells for the tests of the kernels.
#pragma once

#include <random>
#include <vector>

#include "cells/cell_group.hpp"
#include "matrix/matrix.hpp"

namespace headroom {

// Cells in ascending batches; batch_sizes[b] cells in batch b (0: the batch does not occur).
inline CellRows random_cells(unsigned seed, const std::vector<int>& batch_sizes, std::uint32_t n_genes,
                             double density) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform;
  CellRows rows;
  rows.begin.push_back(0);
  for (std::uint32_t b = 0; b < batch_sizes.size(); ++b) {
    for (int i = 0; i < batch_sizes[b]; ++i) {
      for (std::uint32_t g = 0; g < n_genes; ++g) {
        if (uniform(random) >= density) continue;
        rows.gene.push_back(g);
        rows.value.push_back(0.25 + 3 * uniform(random));
      }
      rows.batch.push_back(b);
      rows.begin.push_back(rows.gene.size());
    }
  }
  return rows;
}

inline Matrix dense_of(const CellRows& rows, std::uint32_t n_genes) {
  Matrix out = Matrix::Zero(static_cast<Eigen::Index>(rows.n_cells()), n_genes);
  for (std::size_t c = 0; c < rows.n_cells(); ++c) {
    for (std::uint64_t e = rows.begin[c]; e < rows.begin[c + 1]; ++e) {
      out(static_cast<Eigen::Index>(c), rows.gene[e]) = rows.value[e];
    }
  }
  return out;
}

}  // namespace headroom
