// A task as the target `deg` sees it (protocol section 8): its rows are the perturbations that have labels, and what is
// predicted of them is a class per gene.
#pragma once

#include "outcome/outcome.hpp"
#include "task/task.hpp"

namespace headroom {

// The same contexts, folds and genes with rows without labels left out, and class numbers (label
// + 1) in the place of deltas, which stay at hand as TaskContext::measured. Of a task that was read without its deltas,
// the rows alone. Errors (bad_input): the task has no labels, or a fold of a context has too few perturbations with
// labels to be tested, or none to train on.
Result<Task> class_task(const Task& task);

}  // namespace headroom
