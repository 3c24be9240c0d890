// Outer folds of a task (protocol section 2): from labels, from a file, or made; and the check that each can be tested.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "outcome/outcome.hpp"
#include "task/fold_labels.hpp"
#include "task/task.hpp"

namespace headroom {

// From a table `pert_id,test_split[,context]`, or with fold_0, fold_1, … in place of test_split; the usual names of
// those columns serve. Of the contexts only names and perturbation ids are looked at. Ids and contexts that the task
// lacks are counted in a note. Where `labels` merge, every spelling of a perturbation finds it. Errors: a missing
// column, two folds for one perturbation, task perturbations that the file lacks (their count, the first few).
Result<FoldReading> read_fold_file(const std::filesystem::path& path, const std::vector<TaskContext>& contexts,
                                   const std::optional<std::string>& test_value, const LabelOptions& labels,
                                   std::vector<std::string>* notes);

// Made as scikit-learn's shuffled KFold over each context's sorted perturbations, or over its sorted groups: `groups`
// has one name a perturbation, of which an empty one is a group by itself; empty as a whole: none. `are_shared`: over
// those of all contexts together, so that a perturbation is in the same fold everywhere. Errors: n_folds
// below 2, a context with fewer than 2 perturbations a fold, or with fewer groups than folds.
Result<FoldReading> make_fold_labels(const std::vector<TaskContext>& contexts,
                                     const std::vector<std::vector<std::string>>& groups, int n_folds,
                                     std::uint32_t seed, bool are_shared, const std::string& where);

// Labels as numbers. Errors: a perturbation without a label (unless those are training), a fold with fewer than 2 test
// perturbations in a context or none to train on.
struct NumberedFolds {
  std::vector<std::string> names;                      // numeric order if all are integers, else byte order
  std::vector<std::vector<std::int32_t>> fold_of_row;  // per context and perturbation: into names, or kInNoFold
};
Result<NumberedFolds> number_folds(const FoldReading& folds, const std::vector<TaskContext>& contexts,
                                   const std::string& where);

}  // namespace headroom
