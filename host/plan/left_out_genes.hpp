// Which genes the metrics of a split leave out, by what the task knows of the perturbations' targets.
#pragma once

#include <cstddef>
#include <vector>

#include "outcome/outcome.hpp"
#include "plan/split.hpp"
#include "protocol/target_exclusion.hpp"
#include "task/task.hpp"

namespace headroom {

// One a row: the column of the gene that it aims at.
OwnGeneColumns own_gene_columns(const Task& task, const std::vector<TaskRow>& rows);

// What the metrics of `tests`, rows of one context, leave out. The panel is all of the context's perturbations,
// whichever are tested.
TargetExclusion target_exclusion(const Task& task, const std::vector<TaskRow>& tests, std::size_t context,
                                 ExcludedTargets excluded);

// How many targets that is over all splits of a context: rows whose own gene is left out, or genes that are.
std::size_t n_excluded_targets(const Task& task, const std::vector<Split>& splits, std::size_t context,
                               ExcludedTargets excluded);

// Error (bad_input): no genes would be left to tell predictions apart by.
Result<void> check_genes_left(const Task& task, ExcludedTargets excluded);

}  // namespace headroom
