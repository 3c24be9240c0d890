// perturbations.csv: one row per context, fold, method and test perturbation.
#pragma once

#include <filesystem>
#include <vector>

#include "evaluation/run_results.hpp"
#include "io/written_file.hpp"
#include "outcome/outcome.hpp"
#include "parallel/thread_pool.hpp"
#include "task/task.hpp"

namespace headroom {

// The results of one target, and the task as it sees it.
struct ScoredTask {
  const RunResults* results;
  const Task* task;
};

// Columns: context, fold, name, pert_id, covered (1 or 0), one per metric, then noise_METRIC per metric: the
// perturbation's own sampling-error quantile, where the run has it; at the end target, unless lfc is the only one.
// Undefined numbers are empty fields, as are those of another target's metrics and those that only a fold as a whole
// has; methods without scores have no rows. Written piece by piece under a temporary name, then renamed. Errors: disk
// full, not writable.
Result<WrittenFile> write_perturbations_csv(const std::filesystem::path& path, const std::vector<ScoredTask>& targets,
                                            ThreadPool& pool);

}  // namespace headroom
