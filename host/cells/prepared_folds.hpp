// The folds of a task that is prepared: from columns of the cells, from a table, or made, by the rules of a task.
#pragma once

#include <string>
#include <vector>

#include "cells/cell_groups.hpp"
#include "cells/cell_source.hpp"
#include "cells/prepare.hpp"
#include "outcome/outcome.hpp"
#include "review/review.hpp"

namespace headroom {

struct PreparedFolds {
  std::vector<std::string> of_row;  // one for each row of the task (task_rows()); kTrainedOn: trained on in every fold
  bool some_are_only_trained_on = false;
  std::size_t n_folds = 0;
  std::string picked;  // "folds: column 'split'", for the user
};

// What the task's column of folds holds for perturbations that are tested in none.
inline constexpr const char* kTrainedOn = "train";

// Errors: a perturbation in two folds or in none, and, unless options.untestable_folds, what a run would refuse: a fold
// of fewer than 2 test perturbations in a context, or none to train on.
Result<PreparedFolds> prepared_folds(const CellSource& source, const CellGroups& groups, const PrepareOptions& options,
                                     Review& review, std::vector<std::string>& notes);

}  // namespace headroom
