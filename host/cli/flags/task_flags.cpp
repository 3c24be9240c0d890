#include "cli/flags/task_flags.hpp"

#include "cli/flags/flag_groups.hpp"

namespace headroom::cli {
namespace {

constexpr const char* kSplitHelp =
    "within: the task's folds, an unseen perturbation of a seen context. transfer: each context by all others, where "
    "its "
    "perturbations are measured, too. transfer-few: the same, with a few of its own perturbations to train on. both: "
    "folds over all perturbations, an unseen one of an unseen context. combination: folds over the parts of "
    "combinations "
    "A+B, of which 0, 1 or 2 are unseen. Folds are made as --folds and --fold-seed say";

}  // namespace

void add_task_flags(CLI::App& command, TaskArguments& task) {
  TaskOptions& columns = task.columns;
  begin_group(command, "What the task's columns are called, and which part of it");
  command.add_option("--layer", columns.layer, "Read the deltas from layers/NAME instead of X")->type_name("NAME");
  command
      .add_option("--weights", columns.weights_layer,
                  "Layer with the weights of WMSE, one a perturbation and gene (default: weights, else wmse_weights, "
                  "which prepare makes)")
      ->type_name("LAYER");
  add_optional(command, "--pert-col", columns.pert_column,
               "Column of obs with the perturbation ids, or several to join as A,B (default: the first of pert_id, "
               "gene_id, target_gene, perturbation, condition)")
      ->type_name("COLUMN[,COLUMN]");
  add_where_flag(command, columns.where,
                 "Only rows that hold this value in this column of obs; several values of a column are all kept, and "
                 "controls always. Of predictions as well, where they have the column");
  add_optional(command, "--context-col", columns.context_column,
               "Column of obs with the context (default: the first of context, cell_line, cell_type, if any)")
      ->type_name("COLUMN");
  command
      .add_option("--control", columns.labels.controls,
                  "Labels or globs (NegCtrl*) of control rows in that column, which are left out; of predictions they "
                  "show the scale")
      ->type_name("LABEL")
      ->allow_extra_args(false);
  command
      .add_option("--keep-label", columns.labels.kept,
                  "A perturbation although its label (none, NA, …) looks like none")
      ->type_name("LABEL")
      ->allow_extra_args(false);
  command.add_flag("--merge-labels", columns.labels.merge,
                   "Join spellings of one perturbation (A+ctrl and ctrl+A): rows of deltas to their mean, weighted by "
                   "n_cells where obs has it; the same of vectors and predictions; cells are pooled");
  add_optional(command, "--group-col", columns.group_column,
               "Column of obs: perturbations that share its value are in one fold, where folds are made")
      ->type_name("COLUMN");
  add_optional(command, "--target-col", columns.target_column,
               "Column of obs with the gene that each perturbation aims at (default: its label says it)")
      ->type_name("COLUMN");
  add_optional(command, "--gene-col", columns.gene_column,
               "Column of var with the gene ids (default: the index or column that matches most perturbation ids)")
      ->type_name("COLUMN");
  add_optional(
      command, "--fold-col", columns.fold_column,
      "Column of obs with the test fold (default: the first of test_split, fold, split; else fold_0, fold_1, …, "
      "each of which tells train from test)")
      ->type_name("COLUMN");
  add_optional(command, "--fold-file", columns.fold_file, "Folds from a table: pert_id,test_split[,context]")
      ->type_name("CSV");
  add_optional(command, "--test-value", columns.test_value, kTestValueHelp)->type_name("LABEL");
  add_optional(command, "--folds", columns.n_folds,
               "Make this many folds by shuffling the perturbations of each context, 2 or more (default: 5 where the "
               "task has none)");
  command.add_option("--fold-seed", columns.fold_seed, "Seed of the folds that are made")->capture_default_str();
  command.add_flag("--folds-shared", columns.folds_are_shared,
                   "Make folds over the perturbations of all contexts together, so that each is in the same fold "
                   "everywhere");
  command.add_option("--context", columns.contexts, "Only these contexts, by name (default: all)")->type_name("NAME");
}

void add_family_flags(CLI::App& command, std::optional<std::string>& family, SplitRequest& split) {
  add_optional(command, "--split", family, kSplitHelp)
      ->check(CLI::IsMember({kFamilyWithin, kFamilyTransfer, kFamilyTransferFew, kFamilyBoth, kFamilyCombination}))
      ->type_name("FAMILY");
  command.add_flag("--joint", split.joint,
                   "within: train on the rows of a fold in all contexts together, as the published fusion does; every "
                   "perturbation must be in the same fold everywhere (--folds-shared)");
  command
      .add_option("--few-percent", split.few_percent,
                  "transfer-few: how many of the context's perturbations are trained on, in per cent")
      ->capture_default_str();
  command
      .add_option("--test-doubles", split.test_doubles,
                  "combination: how many of those without an unseen part are tested, in per cent")
      ->capture_default_str();
}

}  // namespace headroom::cli
