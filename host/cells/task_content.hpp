// What prepare writes: the task's h5ad and its noise table, from groups, folds and estimates.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cells/cell_groups.hpp"
#include "cells/fold_noise.hpp"
#include "cells/gene_choice.hpp"
#include "cells/perturbation_estimates.hpp"
#include "cells/prepare.hpp"
#include "cells/prepared_folds.hpp"
#include "io/h5ad_writer.hpp"

namespace headroom {

// Rows of the task: the groups that are perturbations, in order.
std::vector<std::uint32_t> task_rows(const CellGroups& groups);

// CSV: seven quantiles a row of the task, and a context and fold of `of_folds`.
std::string noise_table(const CellGroups& groups, const std::vector<std::uint32_t>& rows,
                        const std::vector<PerturbationEstimate>& estimates, const std::vector<FoldNoise>& of_folds);

H5adContent task_content(const CellGroups& groups, const std::vector<std::uint32_t>& rows, const GeneChoice& genes,
                         const PerturbationEstimates& estimates, const PreparedFolds& folds);

// Labels of the genes that respond, and what is behind them. Error: shapes that disagree.
Result<void> add_labels(const CellGroups& groups, const std::vector<std::uint32_t>& rows,
                        const PerturbationEstimates& estimates, H5adContent& content);

// Says how the deltas were made, so that predictions are made deltas in the same way (DeltaOrigin).
void say_origin(const CellGroups& groups, const GeneChoice& genes, const PrepareOptions& options, H5adContent& content);

}  // namespace headroom
