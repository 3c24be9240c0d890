// The cells of one group as gene-major blocks, some at a time and in order, as often as somebody asks: the control may
// be a tenth of a screen, which is more than memory is to hold.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "cells/cell_buckets.hpp"
#include "cells/cell_group.hpp"
#include "outcome/outcome.hpp"
#include "parallel/thread_pool.hpp"

namespace headroom {

class GroupBlocks {
 public:
  // Takes the next blocks, in order; may move out of them what it keeps.
  using Visitor = std::function<void(std::vector<GeneMajorBlock>& blocks)>;

  virtual ~GroupBlocks() = default;
  virtual const std::vector<BatchSpan>& spans() const = 0;  // ascending by batch
  std::uint32_t n_cells() const { return spans().empty() ? 0 : spans().back().end; }
  virtual std::uint64_t n_entries() const = 0;
  // All blocks from the first to the last; with `one_batch_a_block` none spans batches. How many come at a time changes
  // no sum that is made entry by entry in their order. Errors: those of reading the cells.
  virtual Result<void> visit(bool one_batch_a_block, ThreadPool& pool, const Visitor& visitor) = 0;
};

// Of cells in memory, which outlive it: all at a time.
std::unique_ptr<GroupBlocks> blocks_of_rows(const CellRows& rows, std::uint32_t n_genes);

// Of a group of `buckets`, which outlive it; its cells stay there. At a time as many as take about `most_bytes`, and at
// least one block.
std::unique_ptr<GroupBlocks> blocks_of_group(CellBuckets& buckets, std::uint32_t group, std::uint32_t n_genes,
                                             std::uint64_t most_bytes);

// Memory of one thread, used again from group to group.
struct BlockBuffers {
  CellBuckets::GroupOrder order;
  CellBuckets::StoredCells stored;
  CellRows rows;  // of a block
};

// All blocks of a group of `buckets` at once, where its cells are freed. Safe from many threads, once for each group.
Result<void> take_blocks(CellBuckets& buckets, std::uint32_t group, std::uint32_t n_genes, bool one_batch_a_block,
                         BlockBuffers& buffers, GeneMajorGroup& out);

}  // namespace headroom
