// A task: measured deltas of perturbations in one or more contexts, labels of the genes that respond, or both; and the
// outer folds in which predictors are tested.
// Read once, checked completely; what follows may rely on every invariant stated here.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "io/row_choice.hpp"
#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"
#include "review/label_review.hpp"
#include "review/review.hpp"
#include "task/deg_labels.hpp"
#include "task/sampling_errors.hpp"
#include "task/split_request.hpp"

namespace headroom {

// Name of the one context of a task without a context column.
inline constexpr std::string_view kSingleContext = "all";

struct TaskContext {
  std::string name;
  std::vector<std::string> pert_ids;  // distinct, ascending in byte order
  Matrix deltas;                      // perturbations × genes, finite; empty where the task has none
  // One a perturbation: index into Task::fold_names, or kInNoFold: trained on in every fold and tested in none.
  static constexpr std::int32_t kInNoFold = -1;
  std::vector<std::int32_t> fold_of_row;
  // genes: what the deltas were taken from, the control's mean expression, where the file keeps it; finite. Predicted
  // profiles become deltas by it.
  std::optional<RowVector> control_profile;
  // One a perturbation: the column of the gene that it aims at; none: not measured, or a combination of several.
  // Empty as a whole: by the ids alone.
  std::vector<std::optional<Eigen::Index>> target_gene;
  std::optional<DegLabels> deg;  // of every context, or of none
  // What is known of the deltas' sampling errors, and the weights of WMSE (perturbations × genes): of every context, or
  // of none. Without the deltas (TaskParts) empty, too.
  std::optional<SamplingErrors> sampling = {};
  std::optional<FloatMatrix> weights = {};
  // Where `deltas` holds class numbers (Task::holds_classes) and the task has deltas as well: those of the same rows.
  std::optional<Matrix> measured;
  // One a perturbation: those of one group are never on both sides of a made split; empty names: by itself. Empty as a
  // whole: there are no groups.
  std::vector<std::string> fold_group;
};

// How the deltas were made, as far as the file says it: predictions become deltas in the same way.
struct DeltaOrigin {
  std::optional<double> target_sum;          // what cells were scaled to; none: 10,000
  bool target_sum_is_unknown = false;        // cells were taken as they were
  std::optional<std::size_t> n_total_genes;  // over how many genes their totals went; none: over the task's
  std::string batch_column;                  // of the cells; empty: unknown, or one batch
  std::vector<std::string> batches;
  std::vector<std::string> controls;  // labels of control cells
};

// What was picked, for the user to see.
struct ColumnChoice {
  std::string pert_column;     // "index": the row names
  std::string context_column;  // empty: one context
  std::string fold_column;     // empty: folds from a file or made
  std::string gene_source;     // "index", or a column of var
  std::string fold_source;     // in words: "column 'test_split'", "file folds.csv", "5 folds, shuffled, seed 42"
  std::string weights_source;  // the layer of WMSE's weights; empty: there are none
  std::string deg_source;      // in words: "layer 'deg'", "layers 'up', 'down', 'not_de'", "X"; empty: no labels
  // In words, for one file holds several tasks: "X, perturbations by 'pert_id', contexts by 'context', rows where dose
  // = 10, spellings joined".
  std::string delta_source;
};

struct Task {
  std::string name;  // the file's name without extension; the folder's, if it is FOLDER/task.h5ad
  std::string path;  // of the h5ad
  std::string sha256;
  std::vector<std::string> gene_ids;  // one a column of every context's deltas; may repeat
  std::vector<TaskContext> contexts;  // ascending by name; never empty
  // In numeric order if all are integers, else in byte order. Every context has at least 2 test and 1 training
  // perturbations in each.
  std::vector<std::string> fold_names;
  ColumnChoice columns;
  LabelOptions labels;  // how its perturbations were read: other tables that name them are read so, too
  DeltaOrigin origin;
  std::optional<SplitRequest> split;  // what it was prepared for; none: folds within contexts
  bool has_deltas = true;             // false: the file holds labels only
  bool has_sampling_errors = false;   // of its deltas
  // `deltas` are class numbers 0, 1, 2 of perturbations that have labels: plan/class_task.hpp made it so.
  bool holds_classes = false;
  bool keeps_cells = false;  // what scoring predicted cells needs (suite/kept_screen.hpp)
  // What is predicted are cells, which are compared with those that the task keeps something of.
  bool is_seen_as_cells = false;
  std::string deg_trials_note;       // why labels come without trials; empty where there are some, or no labels
  std::string control_note;          // why the file keeps no control profile; empty where it does not say
  std::vector<std::string> notes;    // what was left out or assumed, one sentence each
  std::int64_t n_rows_read = 0;      // rows of the file, before controls and other contexts were left out
  std::int64_t n_perturbations = 0;  // distinct ids over all contexts
  std::int64_t n_measured_perturbations = 0;  // of those, how many are gene ids
  // At least a tenth of the perturbations are measured genes (protocol section 5, gene PCA).
  bool perturbations_are_genes = false;

  bool has_deg_labels() const { return !contexts.empty() && contexts.front().deg.has_value(); }
};

struct TaskOptions {
  // Columns of obs; by default the first that exists of the names in the contract.
  // Several separated by commas are joined (A_B; a control keeps its label). None of the names: the row names.
  std::optional<std::string> pert_column;
  std::optional<std::string> context_column;  // none of the names: one context
  std::string layer;                          // deltas from layers/NAME, or "X"; empty: X, unless it holds labels
  std::vector<RowFilter> where;               // rows to keep; controls always stay
  // At most one of these three; without any, a column of the usual names, else fold_0 … fold_4, else 5
  // made folds.
  std::optional<std::string> fold_column;
  std::optional<std::filesystem::path> fold_file;  // CSV: pert_id,test_split[,context]
  std::optional<int> n_folds;                      // 2 or more: made, shuffled with fold_seed, per context
  std::uint32_t fold_seed = 42;
  bool folds_are_shared = false;  // made over the perturbations of all contexts together
  // Splits of another family are asked for: where there can be no folds, the task has none.
  bool folds_are_optional = false;
  // The label of the fold column or file that is tested; every other perturbation is trained on. By default
  // every label is a fold, but that which the task says is trained on (kTrainedOnKey).
  std::optional<std::string> test_value;
  // Labels of controls, labels that look missing and are not, and whether spellings of one perturbation are joined:
  // their rows become one, the mean weighted by n_cells where obs has that column.
  LabelOptions labels;
  // Of obs: perturbations of one group are in one fold, where folds are made. By default what `prepare` kept.
  std::optional<std::string> group_column;
  std::optional<std::string> target_column;  // of obs: the gene that each perturbation aims at
  std::string weights_layer;                 // of WMSE's weights; empty: `weights`, else those that prepare made
  std::optional<std::string> gene_column;    // a column of var, or "index"; by default what matches most perturbations
  std::vector<std::string> contexts;         // keep only these; empty: all
};

// Everything, or what a run needs to know which of its evaluations are there already: ids, folds, genes, which rows
// have labels, how many trials there are, and the sha256 of the file, while deltas, labels and trials stay empty.
enum class TaskParts { all, all_but_deltas };

// Reads `task`, an h5ad (X: deltas, one row a perturbation and context; labels in the layer `deg`; or labels only: an
// int8 X, or layers `up`, `down` and `not_de`) or a folder with task.h5ad. Rows whose `is_control` is true are left
// out. Errors (bad_input), each naming the place and the remedy: unreadable, a column that is missing, a row without
// perturbation or context, a perturbation twice in a context, a delta that is NaN or infinite, a label that is not −1,
// 0 or +1, an unknown context, a perturbation without a fold, a fold with fewer than 2 test perturbations or none to
// train on.
// `review` takes what is doubtful, also what the task was prepared from (uns/headroom_doubts); without it such doubts
// are an error, and what is noted is nobody's.
Result<Task> read_task(const std::filesystem::path& task, const TaskOptions& options, Review& review,
                       TaskParts parts = TaskParts::all);
Result<Task> read_task(const std::filesystem::path& task, const TaskOptions& options, TaskParts parts = TaskParts::all);

// Reads the deltas and labels that read_task() left out. Error (bad_input): the file is no longer the one that was
// read.
Result<void> read_deltas(Task* task, const TaskOptions& options);

}  // namespace headroom
