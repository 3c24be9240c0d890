// Pseudobulk deltas from normalised cells (protocol sections 1.2 and 1.3) and their closed-form sampling error (section
// 6).
#pragma once

#include <cstdint>
#include <vector>

#include "cells/cell_group.hpp"
#include "matrix/matrix.hpp"
#include "parallel/thread_pool.hpp"

namespace headroom {

enum class Design {
  global,   // mean of batch means of the perturbation, minus the same of the control
  matched,  // within each batch minus that batch's control, then the mean over batches
};

// Mean and squared standard error of every gene in every batch of a group.
struct BatchMoments {
  std::vector<BatchSpan> spans;  // rows of the matrices, which may have more rows from earlier use
  Matrix mean;                   // batches × genes
  // batches × genes: s² / n with the sample variance s² (n - 1); 0 where a batch has one cell, which understates it.
  Matrix squared_error;
};

// A profile over genes with the variance of its sampling error.
struct Profile {
  RowVector mean;           // genes
  RowVector squared_error;  // genes: SE²
};

// Sums run in double over cells in the group's order, so equal input gives equal bits on any number of threads. The
// memory of `out` is used again.
void batch_moments(const CellRows& rows, std::uint32_t n_genes, ThreadPool& pool, BatchMoments& out);

// The same of a group that comes block by block: begin, then of every block in order the genes [gene_begin, gene_end),
// then end. Sums run as batch_moments() has them, to the bit; different genes may be added by different threads.
void begin_moments(std::vector<BatchSpan> spans, std::uint32_t n_genes, BatchMoments& out);
void add_moments(const GeneMajorBlock& block, std::uint32_t gene_begin, std::uint32_t gene_end, BatchMoments& out);
void end_moments(BatchMoments& out);

// Mean over batches with equal weight; SE² = Σ_b SE²_b / B². At least one batch.
Profile mean_over_batches(const BatchMoments& moments);

// The delta of a perturbation against a context's one control profile.
Profile global_delta(const BatchMoments& perturbation, const Profile& control);

// The delta within batches. Every batch of the perturbation must occur in the control's moments.
Profile matched_delta(const BatchMoments& perturbation, const BatchMoments& control);

// Row of `batch` in `spans` (ascending); spans.size() if it is not there.
std::size_t find_batch(const std::vector<BatchSpan>& spans, std::uint32_t batch);

}  // namespace headroom
