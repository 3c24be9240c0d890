// Splits beyond one context (protocol section 10): what a predictor may have seen of a perturbation, of a context and
// of the parts of a combination before it is tested.
//
//   within        the folds of each context (section 2): an unseen perturbation of a seen context
//   transfer      every perturbation of a context that is measured elsewhere, told by all other contexts
//   transfer-few  the same, with a few of the context's own perturbations to train on
//   both          folds over all perturbations: an unseen perturbation of an unseen context
//   combination   folds over the single parts of combinations A+B: 0, 1 or 2 of them unseen
//   file          whatever a table says
#pragma once

#include <string>
#include <vector>

#include "outcome/outcome.hpp"
#include "plan/split.hpp"
#include "task/split_request.hpp"
#include "task/task.hpp"

namespace headroom {

// Error (bad_input): settings that no family takes, or not this one.
Result<void> check_split_request(const SplitRequest& request);

// By context that is tested; `names`: of splits, to keep these alone; empty: all. Every split trains on and tests at
// least one row. Errors (bad_input): an unknown family, one that needs several contexts or combinations and has none, a
// name that no split has, a context that could not be tested or trained for, a file that is wrong.
Result<std::vector<Split>> make_splits(const Task& task, const SplitRequest& request,
                                       const std::vector<std::string>& names);

// Nulls that splits of a family have beside those of every split, in the order in which they are reported. Those by
// parts add deltas, which classes cannot be.
std::vector<std::string> nulls_of_family(const std::string& family, bool are_classes);

// The parts of every label, each sorted: several of a combination A+B (A;B, A,B, A&B, A|B; A_B where A and B are labels
// or controls themselves), without those that name a control; one of a single perturbation, as A+ctrl is.
std::vector<std::vector<std::string>> parts_of_perturbations(const std::vector<std::string>& labels);

}  // namespace headroom
