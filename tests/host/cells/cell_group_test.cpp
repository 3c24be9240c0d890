#include "cells/cell_group.hpp"

#include <gtest/gtest.h>

#include "random_cells.hpp"

namespace headroom {
namespace cell_group_test {

Matrix dense_of_block(const GeneMajorBlock& block, std::uint32_t n_genes) {
  Matrix out = Matrix::Zero(block.n_cells, n_genes);
  for (std::uint32_t g = 0; g < n_genes; ++g) {
    for (std::uint32_t e = block.begin[g]; e < block.begin[g + 1]; ++e) {
      if (e > block.begin[g]) {
        EXPECT_LT(block.cell[e - 1], block.cell[e]);
      }
      out(block.cell[e], g) = block.value[e];
    }
  }
  return out;
}

TEST(GeneMajorGroup, HoldsTheSameNumbersAsTheRows) {
  GeneMajorGroup group;  // used again: what is left of a larger group must not show
  for (const bool one_batch : {false, true}) {
    for (const std::vector<int>& sizes : {std::vector{5, 0, 3}, {1}, {1500, 700}, {0, 0, 2}}) {
      const std::uint32_t n_genes = 37;
      const CellRows rows = random_cells(7, sizes, n_genes, 0.2);
      const Matrix dense = dense_of(rows, n_genes);
      make_gene_major_group(rows, n_genes, one_batch, group);
      ASSERT_EQ(group.n_cells, rows.n_cells());
      std::uint32_t next = 0;
      for (const GeneMajorBlock& block : group.blocks) {
        EXPECT_EQ(block.first_cell, next);
        EXPECT_LE(block.n_cells, GeneMajorBlock::kMaxCells);
        EXPECT_EQ(dense_of_block(block, n_genes), dense.middleRows(next, block.n_cells));
        if (one_batch) {
          EXPECT_EQ(rows.batch[next], rows.batch[next + block.n_cells - 1]);
        }
        next += block.n_cells;
      }
      EXPECT_EQ(next, group.n_cells);
    }
  }
}

TEST(BatchSpans, NameEveryBatchOnce) {
  const auto spans = batch_spans({0, 0, 2, 5, 5, 5});
  ASSERT_EQ(spans.size(), 3u);
  EXPECT_EQ(spans[1].batch, 2u);
  EXPECT_EQ(spans[1].n_cells(), 1u);
  EXPECT_EQ(spans[2].begin, 3u);
  EXPECT_EQ(spans[2].end, 6u);
  EXPECT_TRUE(batch_spans({}).empty());
}

}  // namespace cell_group_test
}  // namespace headroom
