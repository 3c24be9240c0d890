// The normalised cells of one group, a perturbation or the control of one context, as rows and as gene-major blocks:
// what pseudobulk and bootstrap work on.
#pragma once

#include <cstdint>
#include <vector>

namespace headroom {

// Sparse cells × genes by rows. Genes of a cell ascend strictly; what is not stored is zero.
struct CellRows {
  std::vector<std::uint32_t> batch;  // cells: index into the context's batches, ascending
  std::vector<std::uint64_t> begin;  // cells + 1: where each cell's entries begin
  std::vector<std::uint32_t> gene;   // entries
  std::vector<double> value;         // entries: normalised, see normalise.hpp

  std::size_t n_cells() const { return batch.size(); }
};

// The cells of one batch within a group: rows [begin, end).
struct BatchSpan {
  std::uint32_t batch = 0;
  std::uint32_t begin = 0, end = 0;

  std::uint32_t n_cells() const { return end - begin; }
};

// Some consecutive cells of a group, stored gene by gene, so that all draws' sums of one gene stay in registers while
// its entries go by.
struct GeneMajorBlock {
  std::uint32_t first_cell = 0;      // row of the block's cell 0 in its group
  std::uint32_t n_cells = 0;         // at most kMaxCells
  std::vector<std::uint32_t> begin;  // genes + 1: where each gene's entries begin
  std::vector<std::uint16_t> cell;   // entries (or more, from earlier use): cell within the block, ascending in a gene
  std::vector<double> value;         // as cell

  // A block's weights (cells × some 120 draws, double) should stay in the second-level cache, which may have 512 KB:
  // with twice as many cells, perturbations of more than 500 took a fifth more processor time in all.
  static constexpr std::uint32_t kMaxCells = 512;
};

// A whole group, ready for the kernels. Its blocks cover its cells in order; with `one_batch_a_block` none spans
// batches.
struct GeneMajorGroup {
  std::uint32_t n_cells = 0;
  std::vector<BatchSpan> spans;  // ascending by batch
  std::vector<GeneMajorBlock> blocks;
};

// The spans of cells whose batches ascend.
std::vector<BatchSpan> batch_spans(const std::vector<std::uint32_t>& batch_of_cell);

// Cell ranges [begin, end) of the blocks that a group with these spans is cut into.
std::vector<BatchSpan> block_ranges(const std::vector<BatchSpan>& spans, bool one_batch_a_block);

// Rows [begin, end) of `rows`, gene by gene, into `block`, whose memory is used again; end - begin <=
// GeneMajorBlock::kMaxCells. `n_genes` bounds rows.gene.
void make_gene_major_block(const CellRows& rows, std::uint32_t begin, std::uint32_t end, std::uint32_t n_genes,
                           GeneMajorBlock& block);

// The whole group, likewise.
void make_gene_major_group(const CellRows& rows, std::uint32_t n_genes, bool one_batch_a_block, GeneMajorGroup& group);

}  // namespace headroom
