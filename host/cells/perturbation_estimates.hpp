// Deltas and sampling errors of all perturbations, context by context, from the cells that a pass gathered.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <vector>

#include "cells/bootstrap.hpp"
#include "cells/cell_buckets.hpp"
#include "cells/cell_groups.hpp"
#include "cells/deg_calls.hpp"
#include "cells/prepare.hpp"
#include "cells/wmse_weights.hpp"
#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"
#include "parallel/progress.hpp"
#include "parallel/thread_pool.hpp"

namespace headroom {

struct PerturbationEstimates {
  Matrix deltas;                                    // perturbations × genes
  FloatMatrix sampling_errors;                      // perturbations × genes (SamplingErrors::error)
  std::vector<LabelMatrix> halves;                  // per kept split (SamplingErrors::halves)
  FloatMatrix wmse_weights;                         // perturbations × genes
  std::vector<PerturbationEstimate> perturbations;  // without their delta
  // Per context of the groups: what its deltas were taken from, where that is one profile.
  std::vector<std::optional<RowVector>> controls;
  // Per context, in the global design: the control's standard error, and what is kept of its halves.
  std::vector<RowVector> control_errors;
  std::vector<Matrix> control_halves;
  // With PrepareOptions::deg, one a context that has rows, in their order; else empty.
  std::vector<DegLabels> labels;
  std::vector<DegStatistics> statistics;  // with deg_statistics; else empty
  std::vector<std::string> label_notes;   // which perturbations are without labels, and why; which genes never vary
};

// Labels of one context's perturbations as they were called.
struct CalledLabels {
  DegLabels labels;  // has_labels is empty: the outcomes say it
  std::optional<DegStatistics> statistics;
  std::vector<DegOutcome> outcomes;       // one a row of the context
  std::vector<std::uint8_t> is_constant;  // one a gene: the same in every cell that the labels came from
};

// What a context's estimates lack until all of its rows are there.
struct UnfinishedContext {
  std::uint32_t context = 0;
  std::size_t first_row = 0;  // of the task
  SumsOfCells sums;           // rows of the context
  std::optional<CalledLabels> labels;
};

// Some of the rows; what is not theirs is not set.
struct SomeEstimates {
  PerturbationEstimates estimates;            // sized for all rows
  std::vector<UnfinishedContext> unfinished;  // contexts that have one of the rows, in order
};

// Only the rows that `wanted` marks (one a row of the task).
Result<SomeEstimates> estimate_some(CellBuckets& buckets, const CellGroups& groups, std::uint32_t n_genes,
                                    const PrepareOptions& options, const std::vector<std::uint8_t>& wanted,
                                    ThreadPool& pool, Progress& progress, const std::stop_token& stop);

// Rows sized, nothing in them.
PerturbationEstimates empty_estimates(const CellGroups& groups, std::uint32_t n_genes, const PrepareOptions& options);
UnfinishedContext empty_context(const CellGroups& groups, std::size_t first_row, std::uint32_t n_genes,
                                const PrepareOptions& options);

// Every row of the context is there: contexts in order.
void finish_context(UnfinishedContext context, const CellGroups& groups, const PrepareOptions& options,
                    PerturbationEstimates& out);

// One row for each of task_rows(groups). Errors: the temporary file; interrupted.
Result<PerturbationEstimates> estimate_all(CellBuckets& buckets, const CellGroups& groups, std::uint32_t n_genes,
                                           const PrepareOptions& options, ThreadPool& pool, Progress& progress,
                                           const std::stop_token& stop);

}  // namespace headroom
