// Splits that a table says: CSV `split,part,context,pert_id`, a line for every row that a split trains on or tests.
#pragma once

#include <filesystem>
#include <vector>

#include "outcome/outcome.hpp"
#include "plan/split.hpp"
#include "task/task.hpp"

namespace headroom {

// `part` is train, val (trained on as well, with validation, dev) or test. Without a column of splits there is one, and
// without one of contexts the task must have one context. The usual names of the columns of contexts and perturbations
// serve, and a column of the usual names of folds as that of parts. A split that tests several contexts is one for each
// of them. By context, then in the order in which the file names them. Errors (bad_input): a missing column, a word
// that is no part, a context or perturbation that the task has not, a row that a split both trains on and tests, or
// names twice, a perturbation that a split tests and trains on in the same context under another order of its label's
// parts.
Result<std::vector<Split>> read_split_file(const std::filesystem::path& path, const Task& task);

}  // namespace headroom
