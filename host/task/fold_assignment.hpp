// Outer folds of a task (protocol section 2): from labels, from a file, or made; and the check that each can be tested.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "outcome/outcome.hpp"
#include "task/task.hpp"

namespace headroom {

// Fold names of every perturbation, context by context in the order of TaskContext::pert_ids; empty: it has none.
using FoldLabels = std::vector<std::vector<std::string>>;

// From a CSV `pert_id,test_split[,context]`. Ids and contexts that the task lacks are counted in a note. Errors: a
// missing column, two folds for one perturbation, task perturbations that the file lacks (their count, the first few).
Result<FoldLabels> read_fold_file(const std::filesystem::path& path, const std::vector<TaskContext>& contexts,
                                  std::vector<std::string>* notes);

// Made as scikit-learn's shuffled KFold over each context's sorted perturbations.
// Errors: n_folds below 2, a context with fewer than 2 perturbations a fold.
Result<FoldLabels> make_fold_labels(const std::vector<TaskContext>& contexts, int n_folds, std::uint32_t seed,
                                    const std::string& where);

// Numbers the labels: fills task.fold_names and every fold_of_row. Errors: a perturbation without a label, a fold with
// fewer than 2 test perturbations in a context or none to train on.
Result<void> assign_folds(const FoldLabels& labels, Task* task);

}  // namespace headroom
