// What is predicted, with all that follows from it: how predictions are scored and chosen, what stands where there is
// none, and which nulls and ceilings it has. Whoever plans, evaluates or reports takes these from the target and never
// asks which one it is.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "deg/class_metrics.hpp"
#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"
#include "plugin.pb.h"
#include "protocol/metrics.hpp"
#include "task/task.hpp"

namespace headroom {

// One prediction for every test perturbation, told by training rows alone: planes × genes (protocol sections 5 and 8).
// `training`: any rows × genes; `rows`: those of it that are meant, at least one.
using ConstantPrediction = Matrix (*)(const ConstMatrixRef& training, const RowIndex& rows);

struct ConstantNull {
  std::string name;
  ConstantPrediction predict;
};

// What one method takes from the noise table: a quantile of every metric, or further columns (protocol section 6).
struct NoiseMethod {
  std::string name;                     // as --ceiling and results call it
  double quantile_lower_is_better = 0;  // of the draws' scores
  double quantile_higher_is_better = 0;
  std::string column;                 // empty: quantiles; else the column with its L2, and COLUMN_METRIC where it is
  bool is_published_ceiling = false;  // a cheater even where it is not in the ceiling; others are references then
};

// A quantile of what labels called anew from resampled cells score as predictions of the labels (protocol section 8).
struct TrialMethod {
  std::string name;
  double quantile = 0;                // by the nearest of the trials; of halves: there is one value
  bool is_published_ceiling = false;  // as of NoiseMethod
  bool of_halves = false;             // labels of one half of the cells as predictions of those of the other
};

// What a second screen of the same truth is (bounds/second_screen.hpp).
enum class DepthRight {
  own_control,             // as deep as the first, with a control of its own
  shared_control,          // as deep, with the first one's control
  true_deltas,             // without noise
  interpolated_duplicate,  // with its own control, and the train mean where genes do not respond for certain
};
inline constexpr std::size_t kDepthRightKinds = 4;

// A ceiling, or a positive control of calibration, that is made of what the task keeps of its cells.
struct DepthRightMethod {
  std::string name;
  DepthRight kind;
};

// Cells that stand for a prediction of cells: knowing nothing (metrics.md 3.1), or as well as can be (3.2, 6).
enum class MadeCells {
  mean_response,            // all alike: the mean over the training perturbations
  mean_response_dispersed,  // control cells drawn anew, each gene scaled to it
  control_cells,            // control cells drawn anew
  no_change,                // the control's profile, and no gene called
  second_screen,            // drawn from a model of the real cells, with the real control
  halves,                   // one half of the real cells beside the other, each with its own control
};

// A null, a cheater or a reference of predicted cells.
struct CellMethod {
  std::string name;
  MadeCells cells;
  bool is_null = false;
  bool is_default_ceiling = false;  // of those that are no null
};

// What the depth of a ceiling is, and whose control it has, in words; empty: it is not made of cells.
struct CeilingLabel {
  std::string depth, control;
};
CeilingLabel ceiling_label(std::string_view method);

// The truth of a split's test rows with what metrics need of it: as deltas or as classes, whichever the target
// predicts.
struct SplitTruth {
  TruthCache deltas;
  ClassMatrix classes;  // test perturbations × genes that are kept, by number
  // Of classes: what is left out, as of TruthCache.
  OwnGeneColumns left_out = {};
  std::vector<Eigen::Index> kept_columns = {};
};

// What truth is made of, one row a test perturbation.
struct TruthInputs {
  Matrix values;  // × genes
  TargetExclusion exclusion = {};
  std::optional<Matrix> weights = {};  // × genes, of WMSE
};

struct Target {
  std::string name;                           // "lfc"
  TaskKind task_kind = TaskKind::REGRESSION;  // as plugins are told
  std::vector<std::string> classes;           // names by number; empty: what is predicted are numbers
  std::size_t n_planes = 1;                   // numbers a head predicts per row and gene
  std::vector<Metric> metrics;                // evaluated unless others are asked for; the first is the primary one
  std::span<const Metric> known_metrics;      // that may be asked for, in the protocol's order
  ConstantPrediction mean_prediction;         // the mean of rows, or how often each class occurs in them
  std::vector<ConstantNull> constant_nulls;   // in the order in which they are reported
  std::vector<NoiseMethod> noise_methods;     // likewise
  std::vector<TrialMethod> trial_methods;     // likewise
  std::vector<DepthRightMethod> depth_right_methods;  // likewise, of tasks that keep sampling errors
  std::vector<CellMethod> cell_methods;               // likewise; only where what is predicted are cells
  std::vector<std::string> protocol_heads;            // whose nulls and idealized cheater the protocol takes for bounds
  bool inner_folds_shuffled = true;                   // else consecutive blocks of the training rows

  SplitTruth (*make_truth)(TruthInputs tests, const ConstMatrixRef& training_values, std::span<const Metric> metrics);
  // One value per metric and test perturbation; NaN where it is undefined, or of the fold as a whole. `predictions`:
  // planes · test perturbations × genes, plane below plane.
  std::vector<Vector> (*score)(const ConstMatrixRef& predictions, const SplitTruth& truth,
                               std::span<const Metric> metrics);
  // metrics × columns of weights (test perturbations × columns): the fold's values where its test perturbations count
  // that often. Null: they are the weighted means of what score() gives.
  Matrix (*score_fold)(const ConstMatrixRef& predictions, const SplitTruth& truth, std::span<const Metric> metrics,
                       const ConstMatrixRef& weights) = nullptr;
  // What stands for a test perturbation without a vector or a prediction.
  ConstantPrediction stand_in;
  std::string name_of_stand_in;  // where it is made of covered training rows alone
  // By how much a head's prediction of rows misses; the inner selection takes the setting with the least. `planes`:
  // rows × genes each, in memory that a worker may still write: each value is read once.
  double (*inner_error)(std::span<const ConstMatrixMap> planes, const ConstMatrixRef& truths,
                        const RowIndex& truth_rows);

  // Single cells are predicted, which no head does: predictions are finished files, and metrics are evaluation's
  // (evaluation/cell_methods.hpp).
  bool is_of_cells() const { return !cell_methods.empty(); }
  // A fold's values are not always the means of its test rows'.
  bool scores_whole_folds() const { return score_fold != nullptr || is_of_cells(); }
};

// Log fold changes: deltas of mean expression (protocol sections 1 to 7).
const Target& lfc_target();
// Which genes respond, and in which direction: classes (protocol section 8).
const Target& deg_target();
// Predicted cells beside the real ones that the task keeps what it needs of (metrics.md).
const Target& cells_target();

// All of them, in the order in which they are evaluated and reported.
std::span<const Target* const> all_targets();
// nullptr: there is none of that name. The empty name is that of the first: results did not tell it before there was
// another.
const Target* target_by_name(std::string_view name);

// What the deltas of the task are.
const Target& target_of(const Task& task);

// Whether a file has what the target predicts, and the task as that target sees it.
bool holds(const Task& task, const Target& target);
Result<Task> task_of_target(const Task& task, const Target& target);
Result<Task> task_of_target(Task&& task, const Target& target);  // takes over what it need not copy

}  // namespace headroom
