// `headroom prepare` as a function: cells in, a task (deltas, folds) and its noise table out.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "cells/bootstrap.hpp"
#include "cells/cell_groups.hpp"
#include "cells/cell_part.hpp"
#include "cells/cell_source.hpp"
#include "cells/gene_choice.hpp"
#include "cells/joined_cells.hpp"
#include "cells/normalise.hpp"
#include "cells/pseudobulk.hpp"
#include "outcome/outcome.hpp"
#include "parallel/progress.hpp"
#include "parallel/thread_pool.hpp"
#include "task/split_request.hpp"

namespace headroom {

struct H5adContent;
// Adds to the content of a task before it is written; what it adds lives as long as it.
using TaskAddition = std::function<Result<void>(H5adContent& content)>;

struct PrepareOptions {
  Design design = Design::global;          // the published design where plates are not to be compared within
  CellColumnOptions columns;               // which columns say what a cell is
  CellValues values = CellValues::counts;  // what the file holds
  std::string layer;                       // empty: X
  // Further files of the same screen; with `cells` they are taken in the order of files_of_screen().
  std::vector<std::filesystem::path> more_cells;
  JoinOptions join;
  bool are_parts = false;    // all files are parts of a screen: of prepare_part(), or all of estimate_part()
  std::string kernels = {};  // of the processor: parts of different ones, whose last bits differ, are not joined
  // Matrix Market folders only: the table of cells.
  std::optional<std::filesystem::path> cell_table;
  bool transposed = false;         // the matrix lies the other way than is usual of its format
  double target_sum = kCellTotal;  // total of a cell that counts are scaled to, and that log1p values came from
  GeneOptions genes;
  int min_cells = 1;  // of a perturbation in a context, at least 1

  // Folds: a column of the cells, or a table (pert_id,test_split[,context]), or else made by K-fold within each
  // context.
  std::optional<std::string> fold_col;
  std::optional<std::filesystem::path> fold_file;
  std::optional<std::string> test_value;  // the one label of those that is tested; the others are trained on
  int n_folds = 5;                        // 2 to the number of perturbations
  std::uint32_t fold_seed = 42;           // scikit-learn's random_state
  std::optional<SplitRequest> split;      // that runs on the task go by unless they name another; none: the folds
  bool folds_are_shared = false;          // made over the perturbations of all contexts together
  // Folds that no run would take, of one test perturbation or none, are written nevertheless.
  bool untestable_folds = false;

  BootstrapOptions bootstrap;
  bool deg = false;             // labels of the genes that respond, beside the deltas (protocol section 8)
  bool deg_statistics = false;  // with them, t and adjusted p
  TaskAddition addition = {};   // what else the task keeps; empty: nothing
  // Aim for the whole program's memory; cells beyond it go to a temporary file. Default: half of the machine's memory.
  std::optional<std::uint64_t> memory_limit_bytes;
};

struct PreparedContext {
  std::string name;
  std::size_t n_perturbations = 0, n_batches = 0;
  std::uint64_t n_cells = 0, n_control_cells = 0;  // n_cells without the control's
};

struct PrepareReport {
  std::filesystem::path task, noise;  // what was written
  std::vector<PreparedContext> contexts;
  std::size_t n_labelled = 0;  // perturbations with labels, over all contexts
  std::size_t n_genes = 0, n_folds = 0;
  std::uint64_t n_cells_in_file = 0, n_cells_used = 0, n_entries = 0;
  std::vector<std::string> picked, notes;  // see CellGroups
  std::uint64_t file_bytes = 0, spilled_bytes = 0;
  double read_s = 0, estimate_s = 0, write_s = 0;
};

// The bad option, or nothing.
std::optional<Error> validate(const PrepareOptions& options);

// The cells of `cells` and options.more_cells as one source. Errors: a file that cannot be read, or not be joined.
Result<std::unique_ptr<CellSource>> open_cells(const std::filesystem::path& cells, const PrepareOptions& options);

// Writes OUT_DIR/noise.csv, then OUT_DIR/task.h5ad, each whole or not at all; the folder is made if it is not there.
// `cells` is an h5ad, or a Matrix Market folder with options.cell_table; with more_cells all are one screen, in an
// order of their own (the caller's does not matter). Equal input, options and seed give equal numbers on any number of
// threads.
//
// task.h5ad: X deltas (rows: contexts in order, their perturbations by id; float64), obs pert_id, context, test_split,
// n_cells, n_batches; var as in the source, and per context the control profile (column_names.hpp) that its deltas were
// taken from; with `deg` the layer `deg`, obs has_deg and the trials (deg_labels.hpp), with `deg_statistics` the layers
// deg_t and deg_q; the matched design has one only where all perturbations of the context lie in the same batches, and
// uns says so where it has none. noise.csv: the columns of the contract, then context, n_cells, closed_form and
// split_half (L2), split_half_MSE, _MAE, _Spearman, _Pearson; an undefined number is an empty field. With `deg` also
// F1, precision, recall, ROC_AUC, AP and fold, filled in further rows, of contexts and folds, whose pert_id is empty
// (fold_noise.hpp).
//
// What is doubtful about the cells goes into `review`, and into the task (uns/headroom_doubts); what stops the command
// does so before anything is computed. Without a review every refused doubt is an error.
//
// Errors: bad_input (nothing is written); harness_fault (disk full, out of memory); interrupted.
Result<PrepareReport> prepare(const std::filesystem::path& cells, const std::filesystem::path& out_dir,
                              const PrepareOptions& options, Review& review, ThreadPool& pool, Progress& progress,
                              std::stop_token stop);
Result<PrepareReport> prepare(const std::filesystem::path& cells, const std::filesystem::path& out_dir,
                              const PrepareOptions& options, ThreadPool& pool, Progress& progress,
                              std::stop_token stop);

// One file of a screen as a part of it (cell_part.hpp), in `folder`: what options say of the file itself is done
// (layer, cell table, orientation), the rest when parts are joined, by prepare() on them. Errors: as prepare.
Result<CellPart> prepare_part(const std::filesystem::path& cells, const std::filesystem::path& folder,
                              const PrepareOptions& options, ThreadPool& pool, Progress& progress,
                              const std::stop_token& stop);

// The same of a part that holds estimates in the place of cells (screen_part.hpp), FOLDER/NAME.part: of the
// perturbations that are at home in `cells`, one file of the screen. All that options say of cells and of how estimates
// are made is to be the same for all parts and for prepare() on them. Doubts about labels stop it as they would stop
// prepare; those about values are told when parts are joined. Errors: as prepare; the file is not of the screen.
// (What to do where cell-level metrics are wanted of them, which hold no cells.)
inline constexpr const char* kCellMetricsOfParts =
    "make the parts without --screen, which keeps the cells (headroom prepare --part FILE -o DIR), and give "
    "--cell-metrics with --join; or leave --cell-metrics out";
struct EstimatedPart {
  std::filesystem::path path;
  std::size_t n_perturbations = 0, n_of_screen = 0;  // rows of the task
  std::uint64_t n_cells = 0;                         // of those perturbations
};
Result<EstimatedPart> estimate_part(const std::filesystem::path& cells,
                                    const std::vector<std::filesystem::path>& screen,
                                    const std::filesystem::path& folder, const PrepareOptions& options, Review& review,
                                    ThreadPool& pool, Progress& progress, const std::stop_token& stop);

// What prepare would understand, leave out and doubt, in one pass over the cells and without an output. Errors: as
// prepare, before its doubts.
Result<void> review_cells(const std::filesystem::path& cells, const PrepareOptions& options, Review& review,
                          ThreadPool& pool, Progress& progress, std::stop_token stop);

}  // namespace headroom
