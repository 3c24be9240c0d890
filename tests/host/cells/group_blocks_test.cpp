// A group that comes some blocks at a time gives what it gives in one piece, to the bit.
#include "cells/group_blocks.hpp"

#include <gtest/gtest.h>

#include <random>

#include "cells/bootstrap.hpp"
#include "cells/deg_calls.hpp"
#include "memory_cells.hpp"

namespace headroom {
namespace group_blocks_test {

constexpr std::uint32_t kGenes = 300, kCells = 6'000;

// Three batches in no order; half of the cells are controls.
MemoryCells random_source(bool entries) {
  MemoryCells source;
  source.genes = kGenes;
  source.entries = entries;
  source.batch_cells = 500;
  std::mt19937 random(7);
  for (std::uint32_t c = 0; c < kCells; ++c) {
    std::vector<MemoryEntry> cell;
    for (std::uint32_t g = 0; g < kGenes; ++g) {
      if (random() % 8 == 0) cell.push_back({g, 1.0 + random() % 9});
    }
    source.cells.push_back(std::move(cell));
    source.table["pert_id"].push_back(random() % 2 == 0 ? "control" : "A");
    source.table["batch"].push_back(std::array{"1", "2", "3"}[random() % 3]);
  }
  return source;
}

class GroupBlocksTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    source_ = random_source(GetParam());
    auto groups = group_cells(source_, {}, Design::global, 1);
    ASSERT_TRUE(groups);
    groups_ = std::move(*groups);
    CellBuckets::Options options;
    for (std::uint32_t g = 0; g < kGenes; ++g) options.gene_map.push_back(g);
    options.n_genes = kGenes;
    options.memory_limit_bytes = 1 << 16;  // most lies in the file
    options.spill_folder = ::testing::TempDir();
    buckets_ = std::make_unique<CellBuckets>(groups_, source_, std::move(options));
    NoProgress progress;
    ASSERT_TRUE(source_.deliver(*buckets_, pool_, progress, {}));
    ASSERT_TRUE(groups_.groups[0].is_control);
  }

  // In pieces of at least a block.
  std::unique_ptr<GroupBlocks> in_pieces() { return blocks_of_group(*buckets_, 0, kGenes, 1 << 16); }
  CellRows in_memory() {
    CellRows rows;
    CellBuckets::TakeBuffers buffers;
    EXPECT_TRUE(buckets_->take(0, rows, buffers));
    return rows;
  }

  static void expect_equal(const std::vector<GeneMajorBlock>& found, const std::vector<GeneMajorBlock>& expected) {
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t b = 0; b < expected.size(); ++b) {
      EXPECT_EQ(found[b].first_cell, expected[b].first_cell);
      EXPECT_EQ(found[b].n_cells, expected[b].n_cells);
      ASSERT_EQ(found[b].begin, expected[b].begin);
      for (std::uint32_t e = 0; e < expected[b].begin.back(); ++e) {
        ASSERT_EQ(found[b].cell[e], expected[b].cell[e]);
        ASSERT_EQ(found[b].value[e], expected[b].value[e]);
      }
    }
  }

  MemoryCells source_;
  CellGroups groups_;
  std::unique_ptr<CellBuckets> buckets_;
  ThreadPool pool_{3};
};

TEST_P(GroupBlocksTest, HaveEveryEntryInItsPlaceHoweverOften) {
  const auto pieces = in_pieces();
  std::vector<GeneMajorBlock> found[3];
  for (const int which : {0, 1, 2}) {
    int n_pieces = 0;
    ASSERT_TRUE(pieces->visit(which == 1, pool_, [&](std::vector<GeneMajorBlock>& blocks) {
      found[which].insert(found[which].end(), blocks.begin(), blocks.end());
      ++n_pieces;
    }));
    EXPECT_GT(n_pieces, 2);
  }
  const CellRows rows = in_memory();
  EXPECT_EQ(pieces->n_cells(), rows.n_cells());
  EXPECT_EQ(pieces->n_entries(), rows.gene.size());
  for (const int which : {0, 1, 2}) {
    GeneMajorGroup whole;
    make_gene_major_group(rows, kGenes, which == 1, whole);
    expect_equal(found[which], whole.blocks);
  }
}

TEST_P(GroupBlocksTest, AreTheSameTakenAtOnce) {
  BlockBuffers buffers;
  GeneMajorGroup taken;
  ASSERT_FALSE(groups_.groups[1].is_control);
  ASSERT_TRUE(take_blocks(*buckets_, 0, kGenes, false, buffers, taken));  // leaves memory to be used again
  std::vector<GeneMajorBlock> pieces;
  const auto other = blocks_of_group(*buckets_, 1, kGenes, 1 << 16);
  ASSERT_TRUE(other->visit(true, pool_, [&](std::vector<GeneMajorBlock>& blocks) {
    pieces.insert(pieces.end(), blocks.begin(), blocks.end());
  }));
  ASSERT_TRUE(take_blocks(*buckets_, 1, kGenes, true, buffers, taken));
  EXPECT_EQ(taken.n_cells, other->n_cells());
  EXPECT_EQ(taken.spans.size(), 3u);
  expect_equal(taken.blocks, pieces);
}

TEST_P(GroupBlocksTest, MakeTheSameControl) {
  NoProgress progress;
  const BootstrapOptions options{3, 4, 2, 7};
  const auto pieces = in_pieces();
  ContextControl found[2];
  for (const Design design : {Design::global, Design::matched}) {
    auto made = prepare_control(*pieces, design, kGenes, "line", options, pool_, progress, {});
    ASSERT_TRUE(made);
    found[design == Design::matched] = std::move(*made);
  }
  const auto labels = pooled_deg_control(*pieces, kGenes, "line", 7, pool_);
  ASSERT_TRUE(labels);
  const CellRows rows = in_memory();
  BatchMoments moments;
  batch_moments(rows, kGenes, pool_, moments);
  for (const Design design : {Design::global, Design::matched}) {
    const ContextControl& one = found[design == Design::matched];
    const ContextControl other = prepare_control(rows, design, kGenes, "line", options, pool_, progress, {});
    EXPECT_EQ(one.moments.mean, moments.mean);
    EXPECT_EQ(one.moments.squared_error, moments.squared_error);
    EXPECT_EQ(one.profile.mean, other.profile.mean);
    EXPECT_EQ(one.draws, other.draws);
    EXPECT_EQ(one.cells.blocks.size(), other.cells.blocks.size());
  }
  const DegControl other = pooled_deg_control(rows, kGenes, "line", 7, pool_);
  ASSERT_EQ(labels->moments.size(), other.moments.size());
  for (std::size_t i = 0; i < other.moments.size(); ++i) {
    ASSERT_EQ(labels->moments[i].mean, other.moments[i].mean);
    ASSERT_EQ(labels->moments[i].squared_error, other.moments[i].squared_error);
  }
}

INSTANTIATE_TEST_SUITE_P(CellByCellAndGeneByGene, GroupBlocksTest, ::testing::Bool());

}  // namespace group_blocks_test
}  // namespace headroom
