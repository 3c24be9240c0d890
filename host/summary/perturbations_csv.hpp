// perturbations.csv: one row per context, fold, method and test perturbation.
#pragma once

#include <filesystem>

#include "evaluation/run_results.hpp"
#include "io/written_file.hpp"
#include "outcome/outcome.hpp"
#include "parallel/thread_pool.hpp"
#include "task/task.hpp"

namespace headroom {

// Columns: context, fold, name, pert_id, covered (1 or 0), one per metric, then noise_METRIC per metric: the
// perturbation's own sampling-error quantile, where the run has it. Undefined numbers are empty fields; methods without
// scores have no rows. Written piece by piece under a temporary name, then renamed. Errors: disk full, not writable.
Result<WrittenFile> write_perturbations_csv(const std::filesystem::path& path, const RunResults& results,
                                            const Task& task, ThreadPool& pool);

}  // namespace headroom
