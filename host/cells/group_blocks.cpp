#include "cells/group_blocks.hpp"

#include <mutex>

namespace headroom {
namespace {

// Of an entry in a gene-major block.
constexpr std::uint64_t kBlockEntryBytes = sizeof(std::uint16_t) + sizeof(double);

class BlocksOfRows final : public GroupBlocks {
 public:
  BlocksOfRows(const CellRows& rows, std::uint32_t n_genes)
      : rows_(rows), n_genes_(n_genes), spans_(batch_spans(rows.batch)) {}

  const std::vector<BatchSpan>& spans() const override { return spans_; }
  std::uint64_t n_entries() const override { return rows_.begin.back(); }
  Result<void> visit(bool one_batch_a_block, ThreadPool&, const Visitor& visitor) override {
    GeneMajorGroup group;
    make_gene_major_group(rows_, n_genes_, one_batch_a_block, group);
    visitor(group.blocks);
    return {};
  }

 private:
  const CellRows& rows_;
  std::uint32_t n_genes_;
  std::vector<BatchSpan> spans_;
};

class BlocksOfGroup final : public GroupBlocks {
 public:
  BlocksOfGroup(CellBuckets& buckets, std::uint32_t group, std::uint32_t n_genes, std::uint64_t most_bytes)
      : buckets_(buckets),
        n_genes_(n_genes),
        most_entries_(most_bytes / (kBlockEntryBytes + buckets.stored_entry_bytes())) {
    buckets.set_order(group, order_);
    spans_ = batch_spans(order_.batch);
  }

  const std::vector<BatchSpan>& spans() const override { return spans_; }
  std::uint64_t n_entries() const override { return order_.begin.back(); }

  Result<void> visit(bool one_batch_a_block, ThreadPool& pool, const Visitor& visitor) override {
    const std::vector<BatchSpan> ranges = block_ranges(spans_, one_batch_a_block);
    CellBuckets::StoredCells stored;
    std::vector<GeneMajorBlock> blocks;
    std::vector<CellRows> idle;
    std::mutex mutex;
    for (std::size_t first = 0; first < ranges.size();) {
      std::size_t last = first + 1;
      while (last < ranges.size() &&
             order_.begin[ranges[last].end] - order_.begin[ranges[first].begin] <= most_entries_)
        ++last;
      if (auto done = buckets_.fetch(order_, ranges[first].begin, ranges[last - 1].end, stored); !done) return done;
      blocks.resize(last - first);
      pool.for_each(last - first, [&](std::size_t b) {
        CellRows rows;
        {
          const std::lock_guard lock(mutex);
          if (!idle.empty()) {
            rows = std::move(idle.back());
            idle.pop_back();
          }
        }
        const BatchSpan& range = ranges[first + b];
        buckets_.unpack(order_, stored, range.begin, range.end, rows);
        make_gene_major_block(rows, 0, range.n_cells(), n_genes_, blocks[b]);
        blocks[b].first_cell = range.begin;
        const std::lock_guard lock(mutex);
        idle.push_back(std::move(rows));
      });
      visitor(blocks);
      first = last;
    }
    return {};
  }

 private:
  CellBuckets& buckets_;
  std::uint32_t n_genes_;
  std::uint64_t most_entries_;
  CellBuckets::GroupOrder order_;
  std::vector<BatchSpan> spans_;
};

}  // namespace

Result<void> take_blocks(CellBuckets& buckets, std::uint32_t group, std::uint32_t n_genes, bool one_batch_a_block,
                         BlockBuffers& buffers, GeneMajorGroup& out) {
  CellBuckets::GroupOrder& order = buffers.order;
  buckets.set_order(group, order);
  out.n_cells = static_cast<std::uint32_t>(order.n_cells());
  out.spans = batch_spans(order.batch);
  const std::vector<BatchSpan> ranges = block_ranges(out.spans, one_batch_a_block);
  out.blocks.resize(ranges.size());
  // What lies gene by gene is gone through once for all blocks; else each block's cells are fetched by themselves.
  const bool all_at_once = !order.rank_of.empty();
  if (all_at_once) {
    if (auto done = buckets.fetch(order, 0, order.n_cells(), buffers.stored); !done) return done;
  }
  for (std::size_t b = 0; b < ranges.size(); ++b) {
    const BatchSpan& range = ranges[b];
    if (!all_at_once) {
      if (auto done = buckets.fetch(order, range.begin, range.end, buffers.stored); !done) return done;
    }
    buckets.unpack(order, buffers.stored, range.begin, range.end, buffers.rows);
    make_gene_major_block(buffers.rows, 0, range.n_cells(), n_genes, out.blocks[b]);
    out.blocks[b].first_cell = range.begin;
  }
  buckets.forget(group);
  return {};
}

std::unique_ptr<GroupBlocks> blocks_of_rows(const CellRows& rows, std::uint32_t n_genes) {
  return std::make_unique<BlocksOfRows>(rows, n_genes);
}

std::unique_ptr<GroupBlocks> blocks_of_group(CellBuckets& buckets, std::uint32_t group, std::uint32_t n_genes,
                                             std::uint64_t most_bytes) {
  return std::make_unique<BlocksOfGroup>(buckets, group, n_genes, most_bytes);
}

}  // namespace headroom
