#include "plan/split.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "io/row_choice.hpp"

namespace headroom {
namespace {

// Indices into Task::fold_names, ascending.
Result<std::vector<std::int32_t>> chosen_folds(const Task& task, const std::vector<std::string>& names) {
  std::vector<std::int32_t> folds;
  if (names.empty()) {
    for (std::size_t f = 0; f < task.fold_names.size(); ++f) folds.push_back(static_cast<std::int32_t>(f));
    return folds;
  }
  const auto is_there = [&](const std::string& name) {
    return std::find(task.fold_names.begin(), task.fold_names.end(), name) != task.fold_names.end();
  };
  for (const std::string& name : names_chosen(names, is_there)) {
    const auto found = std::find(task.fold_names.begin(), task.fold_names.end(), name);
    if (found == task.fold_names.end()) {
      return bad_input(fmt::format("the task has no fold '{}'", name), task.path,
                       fmt::format("its folds are {}", fmt::join(task.fold_names, ", ")));
    }
    folds.push_back(static_cast<std::int32_t>(found - task.fold_names.begin()));
  }
  std::sort(folds.begin(), folds.end());
  folds.erase(std::unique(folds.begin(), folds.end()), folds.end());
  return folds;
}

}  // namespace

Result<std::vector<Split>> splits_within(const Task& task, const std::vector<std::string>& names) {
  const auto folds = chosen_folds(task, names);
  if (!folds) return tl::unexpected<Error>(folds.error());
  std::vector<Split> splits;
  for (std::size_t c = 0; c < task.contexts.size(); ++c) {
    const auto& fold_of_row = task.contexts[c].fold_of_row;
    for (const std::int32_t fold : *folds) {
      Split split;
      split.name = task.fold_names[static_cast<std::size_t>(fold)];
      split.context = c;
      for (std::size_t row = 0; row < fold_of_row.size(); ++row) {
        (fold_of_row[row] == fold ? split.test : split.training)
            .push_back({static_cast<std::uint32_t>(c), static_cast<std::int32_t>(row)});
      }
      if (!split.test.empty()) splits.push_back(std::move(split));
    }
  }
  return splits;
}

const std::string& id_of(const Task& task, const TaskRow& at) {
  return task.contexts[at.context].pert_ids[static_cast<std::size_t>(at.row)];
}

std::vector<std::string> ids_of(const Task& task, const std::vector<TaskRow>& rows) {
  std::vector<std::string> ids;
  for (const TaskRow& at : rows) ids.push_back(id_of(task, at));
  return ids;
}

Matrix deltas_of(const Task& task, const std::vector<TaskRow>& rows) {
  Matrix deltas(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(task.gene_ids.size()));
  for (Eigen::Index i = 0; i < deltas.rows(); ++i) {
    const TaskRow& at = rows[static_cast<std::size_t>(i)];
    deltas.row(i) = task.contexts[at.context].deltas.row(at.row);
  }
  return deltas;
}

std::vector<Eigen::Index> n_tests_of(const std::vector<Split>& splits) {
  std::vector<Eigen::Index> n_tests;
  for (const Split& split : splits) n_tests.push_back(static_cast<Eigen::Index>(split.test.size()));
  return n_tests;
}

}  // namespace headroom
