// Deltas and sampling errors of all perturbations, context by context, from the cells that a pass gathered.
#pragma once

#include <optional>
#include <stop_token>
#include <vector>

#include "cells/bootstrap.hpp"
#include "cells/cell_buckets.hpp"
#include "cells/cell_groups.hpp"
#include "cells/deg_calls.hpp"
#include "cells/prepare.hpp"
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

// One row for each of task_rows(groups). Errors: the temporary file; interrupted.
Result<PerturbationEstimates> estimate_all(CellBuckets& buckets, const CellGroups& groups, std::uint32_t n_genes,
                                           const PrepareOptions& options, ThreadPool& pool, Progress& progress,
                                           const std::stop_token& stop);

}  // namespace headroom
