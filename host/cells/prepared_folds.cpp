#include "cells/prepared_folds.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "cells/name_list.hpp"
#include "cells/task_content.hpp"
#include "io/row_choice.hpp"
#include "protocol/kfold.hpp"
#include "task/fold_assignment.hpp"

namespace headroom {
namespace {

std::string named(const CellGroups& groups, const CellGroups::Group& group) {
  return groups.contexts.size() > 1
             ? fmt::format("'{}' in context '{}'", group.perturbation, groups.contexts[group.context])
             : fmt::format("'{}'", group.perturbation);
}

// Of the task to be: names and perturbations of its contexts, in the order of task_rows().
std::vector<TaskContext> task_contexts(const CellGroups& groups) {
  std::vector<TaskContext> contexts;
  std::optional<std::uint32_t> current;
  for (const std::uint32_t g : task_rows(groups)) {
    const CellGroups::Group& group = groups.groups[g];
    if (current != group.context) {
      current = group.context;
      contexts.emplace_back().name = groups.contexts[group.context];
    }
    contexts.back().pert_ids.push_back(group.perturbation);
  }
  return contexts;
}

// Labels of a column of the cells, one a perturbation.
Result<FoldLabels> folds_of_cells(const CellSource& source, const CellGroups& groups, const std::string& name) {
  auto column = source.labels(name);
  if (!column) return tl::unexpected(column.error());
  std::vector<std::optional<std::int32_t>> code(groups.groups.size());
  for (std::size_t i = 0; i < groups.group_of_cell.size(); ++i) {
    const std::uint32_t g = groups.group_of_cell[i];
    if (g == CellGroups::kDropped || groups.groups[g].is_control) continue;
    if (code[g] && *code[g] != column->codes[i]) {
      return bad_input(
          fmt::format("cells of {} are in different folds of column '{}'", named(groups, groups.groups[g]), name),
          source.path(), "give every perturbation of a context one fold");
    }
    code[g] = column->codes[i];
  }
  FoldLabels labels;
  std::optional<std::uint32_t> current;
  for (const std::uint32_t g : task_rows(groups)) {
    if (current != groups.groups[g].context) labels.emplace_back();
    current = groups.groups[g].context;
    labels.back().push_back(*code[g] == LabelColumn::kMissing ? std::string()
                                                              : column->labels[static_cast<std::size_t>(*code[g])]);
  }
  return labels;
}

// Folds of tiny screens: as many as were asked for, whatever can be tested in them.
Result<FoldReading> make_any_folds(const std::vector<TaskContext>& contexts, int n_folds, std::uint32_t seed,
                                   const std::string& where) {
  FoldReading folds;
  for (const TaskContext& context : contexts) {
    const std::size_t n = context.pert_ids.size();
    if (n < static_cast<std::size_t>(n_folds)) {
      return bad_input(fmt::format("context '{}' has {} perturbations, too few for {} folds", context.name, n, n_folds),
                       where, "give a smaller --folds, or leave the context out with --context");
    }
    std::vector<std::string>& labels = folds.labels.emplace_back(n);
    const auto test_rows = kfold_test_rows(n, n_folds, seed);
    for (std::size_t fold = 0; fold < test_rows.size(); ++fold) {
      for (const std::int32_t row : test_rows[fold]) labels[static_cast<std::size_t>(row)] = std::to_string(fold);
    }
  }
  return folds;
}

Result<FoldReading> choose_folds(const CellSource& source, const CellGroups& groups, const PrepareOptions& options,
                                 const std::vector<TaskContext>& contexts, std::vector<std::string>& notes) {
  if (options.fold_file) {
    return read_fold_file(*options.fold_file, contexts, options.test_value, options.columns.labels, &notes);
  }
  if (options.fold_col) {
    FoldColumns folds;
    folds.where = source.path();
    // Columns that tell one fold each are named together.
    const std::vector<std::string> columns = source.columns();
    const std::vector<std::string> fold_columns =
        columns_named(*options.fold_col, [&](const std::string& name) { return is_there(columns, name); });
    for (const std::string& name : fold_columns) {
      auto labels = folds_of_cells(source, groups, name);
      if (!labels) return tl::unexpected(labels.error());
      folds.names.push_back(name);
      folds.labels.push_back(std::move(*labels));
    }
    return read_fold_labels(std::move(folds), contexts, {options.test_value, std::nullopt});
  }
  if (options.untestable_folds) return make_any_folds(contexts, options.n_folds, options.fold_seed, source.path());
  std::vector<std::vector<std::string>> together;
  if (options.columns.group_col) {
    std::optional<std::uint32_t> current;
    for (const std::uint32_t g : task_rows(groups)) {
      if (current != groups.groups[g].context) together.emplace_back();
      current = groups.groups[g].context;
      together.back().push_back(groups.groups[g].fold_group);
    }
  }
  return make_fold_labels(contexts, together, options.n_folds, options.fold_seed, options.folds_are_shared,
                          source.path());
}

}  // namespace

Result<PreparedFolds> prepared_folds(const CellSource& source, const CellGroups& groups, const PrepareOptions& options,
                                     Review& review, std::vector<std::string>& notes) {
  const std::vector<TaskContext> contexts = task_contexts(groups);
  const auto folds = choose_folds(source, groups, options, contexts, notes);
  if (!folds) return tl::unexpected(folds.error());
  PreparedFolds out;
  std::string where = source.path();
  if (options.fold_file) {
    out.picked = fmt::format("folds: {}", options.fold_file->string());
    where = options.fold_file->string();
  } else if (options.fold_col) {
    out.picked = fmt::format("folds: column '{}'", *options.fold_col);
    where += fmt::format(", column '{}'", *options.fold_col);
  } else {
    out.picked = fmt::format("folds: {}, shuffled with seed {}{}", options.n_folds, options.fold_seed,
                             options.folds_are_shared ? ", shared by all contexts" : "");
  }
  if (!folds->split_words.empty()) raise_fold_words(*folds, where, review);
  if (!options.untestable_folds) {
    const auto numbered = number_folds(*folds, contexts, where);
    // What is doubtful says more than what follows from it.
    if (!numbered && (folds->split_words.empty() || review.accepts("folds.words", where))) {
      return tl::unexpected(numbered.error());
    }
  }
  std::set<std::string> names;
  for (std::size_t c = 0; c < contexts.size(); ++c) {
    for (std::size_t row = 0; row < contexts[c].pert_ids.size(); ++row) {
      const std::string& label = folds->labels[c][row];
      if (label.empty() && !folds->unlabelled_is_training) {
        return bad_input(fmt::format("perturbation '{}' has no fold", contexts[c].pert_ids[row]), where,
                         "fill it in, or use --folds N");
      }
      if (!label.empty()) names.insert(label);
      out.of_row.push_back(label.empty() ? kTrainedOn : label);
    }
  }
  out.n_folds = names.size();
  out.some_are_only_trained_on = folds->unlabelled_is_training;
  return out;
}

}  // namespace headroom
