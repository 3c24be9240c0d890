#include "plan/target.hpp"

#include <array>
#include <utility>

#include "plan/bound_names.hpp"
#include "plan/class_task.hpp"
#include "protocol/inner_score.hpp"

namespace headroom {
namespace {

// In order, one by one: the sum of all rows is the same wherever they lie.
RowVector mean_of_rows(const ConstMatrixRef& values, const RowIndex& rows) {
  RowVector mean = RowVector::Zero(values.cols());
  for (const std::int32_t row : rows) mean += values.row(row);
  mean /= static_cast<double>(rows.size());
  return mean;
}

RowIndex rows_of(const ConstMatrixRef& values) {
  RowIndex rows;
  for (Eigen::Index row = 0; row < values.rows(); ++row) rows.push_back(static_cast<std::int32_t>(row));
  return rows;
}

// ---- log fold changes ----

Matrix train_mean(const ConstMatrixRef& training, const RowIndex& rows) { return mean_of_rows(training, rows); }

Matrix no_change(const ConstMatrixRef& training, const RowIndex&) { return Matrix::Zero(1, training.cols()); }

SplitTruth truth_of_deltas(TruthInputs tests, const ConstMatrixRef& training_values, std::span<const Metric> metrics) {
  SplitTruth truth;
  truth.deltas = make_truth_cache(std::move(tests.values), mean_of_rows(training_values, rows_of(training_values)),
                                  std::move(tests.exclusion), std::move(tests.weights), metrics);
  return truth;
}

std::vector<Vector> score_deltas(const ConstMatrixRef& predictions, const SplitTruth& truth,
                                 std::span<const Metric> metrics) {
  return compute_metrics(predictions, truth.deltas, metrics);
}

double error_of_deltas(std::span<const ConstMatrixMap> planes, const ConstMatrixRef& truths,
                       const RowIndex& truth_rows) {
  return mean_row_l2(planes.front(), truths, truth_rows);
}

Target make_lfc() {
  Target target;
  target.name = "lfc";
  target.metrics = {all_metrics().begin(), all_metrics().end()};
  target.known_metrics = all_metrics();
  target.mean_prediction = train_mean;
  target.constant_nulls = {{kNullTrainMean, train_mean}, {kNullNoChange, no_change}};
  target.noise_methods = {
      {kCeilingSamplingError, 0.9, 0.1, "", true},
      {kCeilingMedian, 0.5, 0.5, ""},
      {kCeilingClosedForm, 0, 0, "closed_form"},
      {kCeilingSplitHalf, 0, 0, "split_half"},
  };
  target.depth_right_methods = {{kCeilingDepthRight, DepthRight::own_control},
                                {kCeilingDepthRightShared, DepthRight::shared_control},
                                {kCeilingTrueDeltas, DepthRight::true_deltas},
                                {kInterpolatedDuplicate, DepthRight::interpolated_duplicate}};
  target.protocol_heads = {"knn", "lasso"};
  target.make_truth = truth_of_deltas;
  target.score = score_deltas;
  target.stand_in = train_mean;
  target.name_of_stand_in = "mean of the covered training deltas";
  target.inner_error = error_of_deltas;
  return target;
}

// ---- classes ----

// classes × genes: how many of the rows have each.
Matrix class_counts(const ConstMatrixRef& training, const RowIndex& rows) {
  Matrix counts = Matrix::Zero(kClasses, training.cols());
  for (const std::int32_t row : rows) {
    for (Eigen::Index gene = 0; gene < training.cols(); ++gene) {
      counts(static_cast<Eigen::Index>(training(row, gene)), gene) += 1;
    }
  }
  return counts;
}

Matrix no_response(const ConstMatrixRef& training, const RowIndex&) {
  Matrix planes = Matrix::Zero(kClasses, training.cols());
  planes.row(kNotDe).setOnes();
  return planes;
}

// Ties to the lowest class.
Matrix most_frequent(const ConstMatrixRef& training, const RowIndex& rows) {
  const ClassMatrix classes = most_likely_classes(class_counts(training, rows));
  Matrix planes = Matrix::Zero(kClasses, training.cols());
  for (Eigen::Index gene = 0; gene < training.cols(); ++gene) planes(classes(0, gene), gene) = 1;
  return planes;
}

Matrix frequencies(const ConstMatrixRef& training, const RowIndex& rows) {
  return class_counts(training, rows) / static_cast<double>(rows.size());
}

// Frequencies with one row of each class added.
Matrix prior(const ConstMatrixRef& training, const RowIndex& rows) {
  return (class_counts(training, rows).array() + 1) / static_cast<double>(rows.size() + kClasses);
}

SplitTruth truth_of_classes(TruthInputs tests, const ConstMatrixRef&, std::span<const Metric>) {
  SplitTruth truth;
  truth.kept_columns = columns_left(tests.exclusion, tests.values.cols());
  truth.classes = truth.kept_columns.empty()
                      ? ClassMatrix(tests.values.cast<std::int8_t>())
                      : ClassMatrix(tests.values(Eigen::all, truth.kept_columns).cast<std::int8_t>());
  if (tests.exclusion.excluded == ExcludedTargets::own) truth.left_out = std::move(tests.exclusion.own_gene);
  return truth;
}

// What is predicted of the genes that count.
template <class Score>
auto score_kept(const ConstMatrixRef& predictions, const SplitTruth& truth, Score&& score_planes) {
  if (truth.kept_columns.empty()) return score_planes(predictions);
  const Matrix kept = predictions(Eigen::all, truth.kept_columns);
  return score_planes(ConstMatrixRef(kept));
}

std::vector<Vector> score_classes(const ConstMatrixRef& predictions, const SplitTruth& truth,
                                  std::span<const Metric> metrics) {
  return score_kept(predictions, truth, [&](const ConstMatrixRef& planes) {
    return class_metrics_of_perturbations(planes, truth.classes, metrics, truth.left_out);
  });
}

Matrix score_fold_of_classes(const ConstMatrixRef& predictions, const SplitTruth& truth,
                             std::span<const Metric> metrics, const ConstMatrixRef& weights) {
  return score_kept(predictions, truth, [&](const ConstMatrixRef& planes) {
    return class_metrics_of_fold(planes, truth.classes, metrics, weights, truth.left_out);
  });
}

// The setting with the highest macro F1 is taken.
double error_of_classes(std::span<const ConstMatrixMap> planes, const ConstMatrixRef& truths,
                        const RowIndex& truth_rows) {
  return -macro_f1(planes, truths, truth_rows);
}

Target make_deg() {
  Target target;
  target.name = "deg";
  target.task_kind = TaskKind::CLASSES;
  target.classes = {"down", "not_de", "up"};
  target.n_planes = kClasses;
  target.metrics = {class_metrics().begin(), class_metrics().end()};
  target.known_metrics = class_metrics();
  target.mean_prediction = frequencies;
  target.constant_nulls = {{kNullNoChange, no_response}, {kNullMostFrequent, most_frequent}, {kNullPrior, prior}};
  target.trial_methods = {{kCeilingLabelError, 0.1, true}, {kCeilingMedian, 0.5}, {kCeilingSplitHalf, 0, false, true}};
  target.protocol_heads = {"logistic"};
  target.inner_folds_shuffled = false;
  target.make_truth = truth_of_classes;
  target.score = score_classes;
  target.score_fold = score_fold_of_classes;
  target.stand_in = most_frequent;
  target.name_of_stand_in = "most frequent class of the covered training rows";
  target.inner_error = error_of_classes;
  return target;
}

// ---- cells ----

Target make_cells() {
  Target target;
  target.name = "cells";
  target.known_metrics = cell_metrics();
  constexpr std::size_t kMembers = 6;  // of the suite
  const auto members = cell_metrics().first(kMembers);
  target.metrics = {members.begin(), members.end()};
  target.mean_prediction = train_mean;
  target.cell_methods = {{kNullMeanResponse, MadeCells::mean_response, true},
                         {kNullDispersed, MadeCells::mean_response_dispersed, true},
                         {kNullControlCells, MadeCells::control_cells, true},
                         {kNullNoChange, MadeCells::no_change, true},
                         {kCeilingDepthRightShared, MadeCells::second_screen, false, true},
                         {kCeilingSplitHalf, MadeCells::halves}};
  target.make_truth = truth_of_deltas;
  target.stand_in = train_mean;
  target.name_of_stand_in = "mean response of the training perturbations";
  return target;
}

}  // namespace

CeilingLabel ceiling_label(std::string_view method) {
  if (method == kCeilingSamplingError || method == kCeilingMedian || method == kCeilingLabelError) {
    return {"full, resampled", "resampled with it"};
  }
  if (method == kCeilingSplitHalf) return {"half", "half of it, own"};
  if (method == kCeilingClosedForm || method == kCeilingTrueDeltas) return {"without noise", "none"};
  if (method == kCeilingDepthRight || method == kInterpolatedDuplicate) return {"full", "own"};
  if (method == kCeilingDepthRightShared) return {"full", "the truth's"};
  return {};
}

const Target& lfc_target() {
  static const Target target = make_lfc();
  return target;
}

const Target& deg_target() {
  static const Target target = make_deg();
  return target;
}

const Target& cells_target() {
  static const Target target = make_cells();
  return target;
}

std::span<const Target* const> all_targets() {
  static const std::array all = {&lfc_target(), &deg_target(), &cells_target()};
  return all;
}

const Target* target_by_name(std::string_view name) {
  if (name.empty()) return all_targets().front();
  for (const Target* target : all_targets()) {
    if (target->name == name) return target;
  }
  return nullptr;
}

const Target& target_of(const Task& task) {
  if (task.is_seen_as_cells) return cells_target();
  return task.holds_classes ? deg_target() : lfc_target();
}

bool holds(const Task& task, const Target& target) {
  if (target.is_of_cells()) return task.has_deltas && task.keeps_cells;
  return target.task_kind == TaskKind::CLASSES ? task.has_deg_labels() : task.has_deltas;
}

Result<Task> task_of_target(const Task& task, const Target& target) {
  if (target.task_kind == TaskKind::CLASSES) return class_task(task);
  return task_of_target(Task(task), target);
}

Result<Task> task_of_target(Task&& task, const Target& target) {
  if (target.task_kind == TaskKind::CLASSES) return class_task(task);
  if (!task.has_deltas) {
    return bad_input("the task has labels and no deltas", task.path,
                     "give --target deg, or make it again from the cells with headroom prepare --deg");
  }
  if (target.is_of_cells() && !task.keeps_cells) {
    return bad_input("the task keeps nothing of its cells that predicted ones could be compared with", task.path,
                     "make it again from raw counts with headroom prepare --cell-metrics");
  }
  task.is_seen_as_cells = target.is_of_cells();
  return std::move(task);
}

}  // namespace headroom
