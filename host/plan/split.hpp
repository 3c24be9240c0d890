// A split: on which measured rows a predictor is trained, and on which it is tested. Whatever a run evaluates, keeps
// and reports belongs to one. The folds of a context (protocol section 2) are the splits of the family `within`.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"
#include "task/split_request.hpp"
#include "task/task.hpp"

namespace headroom {

// One perturbation as it was measured in one context.
struct TaskRow {
  std::uint32_t context = 0;  // index into Task::contexts
  std::int32_t row = 0;       // of that context's deltas

  friend auto operator<=>(const TaskRow&, const TaskRow&) = default;
};

struct Split {
  std::string name;                    // for people; of the family `within` the fold's
  std::string family = kFamilyWithin;  // how the split was made
  std::size_t context = 0;             // index into Task::contexts: the one whose rows it tests
  std::size_t unseen_parts = 0;        // family `combination`: of every combination that it tests
  std::vector<TaskRow> training;       // ascending, distinct, none of them in `test`
  std::vector<TaskRow> test;           // ascending, distinct, all of `context`
};

// The folds of every context that are named (all, if none is): by context, then in the task's order of folds. A fold of
// which a context has no row is not among its splits. Error (bad_input): the task has no such fold.
Result<std::vector<Split>> splits_within(const Task& task, const std::vector<std::string>& names);

// The perturbation of a row.
const std::string& id_of(const Task& task, const TaskRow& at);

// The perturbations of rows, in their order.
std::vector<std::string> ids_of(const Task& task, const std::vector<TaskRow>& rows);

// The deltas of rows: rows × genes.
Matrix deltas_of(const Task& task, const std::vector<TaskRow>& rows);

// The number of test rows of each split.
std::vector<Eigen::Index> n_tests_of(const std::vector<Split>& splits);

}  // namespace headroom
