#include "plan/class_task.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace headroom {
namespace {

constexpr std::int64_t kLeastTested = 2;  // as of every task

RowIndex labelled_rows(const DegLabels& labels) {
  RowIndex rows;
  for (std::size_t row = 0; row < labels.has_labels.size(); ++row) {
    if (labels.has_labels[row]) rows.push_back(static_cast<std::int32_t>(row));
  }
  return rows;
}

template <class T>
std::vector<T> chosen(const std::vector<T>& all, const RowIndex& rows) {
  std::vector<T> some;
  if (all.empty()) return some;
  for (const std::int32_t row : rows) some.push_back(all[static_cast<std::size_t>(row)]);
  return some;
}

DegTrials trials_of(const DegTrials& all, const RowIndex& rows) {
  DegTrials some(all.n_trials(), static_cast<Eigen::Index>(rows.size()), all.n_genes());
  if (all.n_perturbations() == 0) return some;  // read without them
  for (std::size_t i = 0; i < rows.size(); ++i) {
    some.packed().row(static_cast<Eigen::Index>(i)) = all.packed().row(rows[i]);
  }
  return some;
}

TaskContext with_classes(const TaskContext& from, const RowIndex& rows) {
  TaskContext context;
  context.name = from.name;
  context.pert_ids = chosen(from.pert_ids, rows);
  context.fold_of_row = chosen(from.fold_of_row, rows);
  context.control_profile = from.control_profile;
  context.target_gene = chosen(from.target_gene, rows);
  context.fold_group = chosen(from.fold_group, rows);
  DegLabels& labels = context.deg.emplace();
  labels.has_labels.assign(rows.size(), true);
  if (from.deg->trials) labels.trials = trials_of(*from.deg->trials, rows);
  if (from.deg->halves) labels.halves = trials_of(*from.deg->halves, rows);
  labels.control = from.deg->control;
  if (from.deg->labels.rows() == 0) return context;
  context.deltas.resize(static_cast<Eigen::Index>(rows.size()), from.deg->labels.cols());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    context.deltas.row(static_cast<Eigen::Index>(i)) = from.deg->labels.row(rows[i]).cast<double>().array() + 1;
  }
  if (from.deltas.rows() > 0) context.measured = gather_rows(from.deltas, rows);
  return context;
}

// Whether every fold can still be tested and trained for. A fold of which a context never had a perturbation is none of
// its folds.
Result<void> check_folds(const Task& task, const TaskContext& before, const TaskContext& after) {
  const auto n_all = static_cast<std::int64_t>(after.fold_of_row.size());
  for (std::size_t f = 0; f < task.fold_names.size(); ++f) {
    const auto fold = static_cast<std::int32_t>(f);
    const auto n_before = std::count(before.fold_of_row.begin(), before.fold_of_row.end(), fold);
    const auto n_after = std::count(after.fold_of_row.begin(), after.fold_of_row.end(), fold);
    if (n_before == 0) continue;
    if (n_after < kLeastTested) {
      return bad_input(
          fmt::format("fold '{}' of context '{}' has {} perturbation{} with labels; at least {} are needed",
                      task.fold_names[f], after.name, n_after, n_after == 1 ? "" : "s", kLeastTested),
          task.path, "make fewer folds with --folds, or predict deltas alone with --target lfc");
    }
    if (n_after == n_all) {
      return bad_input(fmt::format("no perturbation with labels is left to train on for fold '{}' of context '{}'",
                                   task.fold_names[f], after.name),
                       task.path, "make folds with --folds, or predict deltas alone with --target lfc");
    }
  }
  return {};
}

}  // namespace

Result<Task> class_task(const Task& task) {
  if (!task.has_deg_labels()) {
    return bad_input("the task has no labels of genes", task.path,
                     "make it again from the cells with headroom prepare --deg");
  }
  Task classes;
  classes.name = task.name;
  classes.path = task.path;
  classes.sha256 = task.sha256;
  classes.gene_ids = task.gene_ids;
  classes.fold_names = task.fold_names;
  classes.columns = task.columns;
  classes.labels = task.labels;
  classes.origin = task.origin;
  classes.split = task.split;
  classes.deg_trials_note = task.deg_trials_note;
  classes.control_note = task.control_note;
  classes.notes = task.notes;
  classes.n_rows_read = task.n_rows_read;
  classes.n_perturbations = task.n_perturbations;
  classes.n_measured_perturbations = task.n_measured_perturbations;
  classes.perturbations_are_genes = task.perturbations_are_genes;
  classes.holds_classes = true;
  for (const TaskContext& context : task.contexts) {
    const RowIndex rows = labelled_rows(*context.deg);
    TaskContext& made = classes.contexts.emplace_back(with_classes(context, rows));
    if (auto checked = check_folds(task, context, made); !checked) return tl::unexpected<Error>(checked.error());
  }
  return classes;
}

}  // namespace headroom
