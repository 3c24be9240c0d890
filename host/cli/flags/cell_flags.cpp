#include "cli/flags/cell_flags.hpp"

#include "cli/flags/flag_groups.hpp"

namespace headroom::cli {

void add_cell_flags(CLI::App& command, PrepareOptions& options) {
  add_choice(
      command, "--values", options.values,
      {{"counts", CellValues::counts},
       {"log1p", CellValues::log1p},
       {"asis", CellValues::asis},
       {"scaled", CellValues::scaled},
       {"fractional", CellValues::fractional}},
      "What the file holds: counts (scaled to the target sum, then log1p), log1p (that was done already), scaled "
      "(already scaled, not logged), fractional (counts corrected for ambient RNA, which need not be whole), or "
      "asis (nothing is done)");
  command
      .add_option("--target-sum", options.target_sum,
                  "Total of a cell that counts are scaled to, and that log1p values came from")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--layer", options.layer, "Read layers/NAME, or raw/X, instead of X")->type_name("NAME");
  add_optional(command, "--cells", options.cell_table,
               "Table of the cells, TSV or CSV, where the cells are a Matrix Market folder");
  command.add_flag(
      "--transposed", options.transposed,
      "The matrix lies the other way than is usual: of such a folder cells × genes (needed only where it is "
      "square), of an h5ad genes × cells, with the cells' columns in var");
  add_optional(command, "--genes", options.genes.genes_file, "Keep only these genes: a file with one id a line");
  add_choice(
      command, "--features", options.genes.all_features, {{"gene", false}, {"all", true}},
      "Features that are taken as genes: those of gene expression, or all (guides, antibodies and peaks as well)");

  begin_group(command, "Which cells are what");
  CellColumnOptions& columns = options.columns;
  add_optional(
      command, "--pert-col", columns.pert_col,
      "Column of obs with the perturbation, or several to join as A,B (default: the first of pert_id, gene_id, "
      "target_gene, perturbation, condition)")
      ->type_name("COLUMN[,COLUMN]");
  add_label_flags(command, columns.labels);
  add_optional(command, "--control-col", columns.control_col,
               "Column of obs that is true for control cells (default: is_control)")
      ->type_name("COLUMN");
  add_optional(
      command, "--batch-col", columns.batch_col,
      "Column of obs with the batch (default: the first of gem_group, batch, plate, replicate; else one batch)")
      ->type_name("COLUMN");
  add_optional(command, "--context-col", columns.context_col,
               "Column of obs with the context (default: the first of context, cell_line, cell_type, if any)")
      ->type_name("COLUMN");
  command.add_option("--context", columns.contexts, "Only these contexts, by name (default: all)")->type_name("NAME");
  add_where_flag(command, columns.where,
                 "Only cells that hold this value in this column of obs; several values of a column are all kept, and "
                 "controls always");
  add_optional(command, "--group-col", columns.group_col,
               "Column of obs whose values keep perturbations together in one fold, as the guides of one gene")
      ->type_name("COLUMN");
}

}  // namespace headroom::cli
