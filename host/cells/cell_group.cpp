#include "cells/cell_group.hpp"

#include <algorithm>

namespace headroom {

std::vector<BatchSpan> batch_spans(const std::vector<std::uint32_t>& batch_of_cell) {
  std::vector<BatchSpan> spans;
  for (std::uint32_t i = 0; i < batch_of_cell.size(); ++i) {
    if (spans.empty() || spans.back().batch != batch_of_cell[i]) spans.push_back({batch_of_cell[i], i, i});
    spans.back().end = i + 1;
  }
  return spans;
}

void make_gene_major_block(const CellRows& rows, std::uint32_t begin, std::uint32_t end, std::uint32_t n_genes,
                           GeneMajorBlock& block) {
  block.first_cell = begin;
  block.n_cells = end - begin;
  const std::uint64_t first = rows.begin[begin], last = rows.begin[end];
  block.begin.assign(n_genes + 1, 0);
  if (block.cell.size() < last - first) {
    block.cell.resize(last - first);
    block.value.resize(last - first);
  }

  // Counting sort by gene; cells are visited in order, so they ascend within a gene.
  std::uint32_t* const next = block.begin.data();
  for (std::uint64_t e = first; e < last; ++e) ++next[rows.gene[e]];
  std::uint32_t sum = 0;
  for (std::uint32_t g = 0; g <= n_genes; ++g) {
    const std::uint32_t count = next[g];
    next[g] = sum;
    sum += count;
  }
  for (std::uint32_t c = begin; c < end; ++c) {
    for (std::uint64_t e = rows.begin[c]; e < rows.begin[c + 1]; ++e) {
      const std::uint32_t place = next[rows.gene[e]]++;
      block.cell[place] = static_cast<std::uint16_t>(c - begin);
      block.value[place] = rows.value[e];
    }
  }
  // Every counter now stands at its gene's end, which is the next gene's beginning.
  std::copy_backward(block.begin.begin(), block.begin.end() - 1, block.begin.end());
  block.begin[0] = 0;
}

std::vector<BatchSpan> block_ranges(const std::vector<BatchSpan>& spans, bool one_batch_a_block) {
  std::vector<BatchSpan> ranges;
  for (const BatchSpan& span : spans) {
    std::uint32_t begin = span.begin;
    while (begin < span.end) {
      const bool extend =
          !ranges.empty() && !one_batch_a_block && ranges.back().end - ranges.back().begin < GeneMajorBlock::kMaxCells;
      if (!extend) ranges.push_back({span.batch, begin, begin});
      BatchSpan& range = ranges.back();
      range.end = std::min(span.end, range.begin + GeneMajorBlock::kMaxCells);
      begin = range.end;
    }
  }
  return ranges;
}

void make_gene_major_group(const CellRows& rows, std::uint32_t n_genes, bool one_batch_a_block, GeneMajorGroup& group) {
  group.n_cells = static_cast<std::uint32_t>(rows.n_cells());
  group.spans = batch_spans(rows.batch);
  const std::vector<BatchSpan> ranges = block_ranges(group.spans, one_batch_a_block);
  group.blocks.resize(ranges.size());
  for (std::size_t b = 0; b < ranges.size(); ++b) {
    make_gene_major_block(rows, ranges[b].begin, ranges[b].end, n_genes, group.blocks[b]);
  }
}

}  // namespace headroom
