// Which context, perturbation and batch every cell belongs to, read from the columns of the cell table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cells/cell_source.hpp"
#include "cells/pseudobulk.hpp"
#include "io/row_choice.hpp"
#include "outcome/outcome.hpp"
#include "review/label_review.hpp"
#include "review/review.hpp"

namespace headroom {

// Column names to use instead of the defaults, which are tried in order.
struct CellColumnOptions {
  // A column, or several separated by commas that are joined (A_B; a control keeps its label). Else pert_id, gene_id,
  // target_gene, perturbation, condition.
  std::optional<std::string> pert_col;
  LabelOptions labels;                     // what the control is called, spellings, labels that look missing
  std::optional<std::string> control_col;  // else is_control; else a label that names controls
  std::optional<std::string> batch_col;    // else gem_group, batch, plate, replicate; else all cells are one batch
  std::optional<std::string> context_col;  // else context, cell_line, cell_type; else there is one context
  std::optional<std::string> group_col;    // perturbations of one value stay in one fold
  std::vector<std::string> contexts;       // keep only these; empty: all
  std::vector<RowFilter> where;
};

// The first of these that is a column.
std::optional<std::string> default_pert_column(const std::vector<std::string>& columns);
std::optional<std::string> default_batch_column(const std::vector<std::string>& columns);
std::optional<std::string> default_context_column(const std::vector<std::string>& columns);

struct CellGroups {
  static constexpr std::uint32_t kDropped = UINT32_MAX;

  // Perturbations of a context sort by id; its control has none.
  struct Group {
    std::uint32_t context = 0;
    std::string perturbation;  // empty: the control
    bool is_control = false;
    std::uint32_t n_cells = 0;
    std::vector<std::uint32_t> batches;  // those that occur, ascending
    std::string fold_group;              // value of group_col; empty: by itself
  };

  std::vector<std::string> contexts;        // sorted
  std::vector<std::string> batches;         // sorted, over all contexts
  std::string batch_column;                 // empty: none is named, so there is one batch
  std::vector<std::string> control_labels;  // of the control's cells, sorted; none that is a perturbation as well
  // By context: its control first, then its perturbations by id.
  std::vector<Group> groups;
  std::vector<std::uint32_t> group_of_cell;  // or kDropped
  std::vector<std::uint32_t> batch_of_cell;

  // What was picked, for the user: "perturbations: column 'gene_id'", …
  std::vector<std::string> picked;
  // What was left out and what to know about what was kept, one line each.
  std::vector<std::string> notes;
};

// What a context needs to be estimated, and columns that are in use elsewhere.
struct GroupRequirements {
  std::size_t least_perturbations = 1;  // of a context
  std::vector<std::string> used_columns;
};

// Groups of all cells of `source`, with what is doubtful about their labels and columns. A context without control
// cells or of too few perturbations is left out with a note unless it is the only one. Perturbations of fewer than
// `min_cells` cells in a context are dropped and listed in the notes by name, cells without a label are counted there,
// and so are perturbations and batches of one cell, which are kept. Errors (bad_input): a column, context or filter
// value that is absent, no control cells in the only context that has perturbations, no perturbation left, a perturbed
// batch without control cells in the matched design (naming the batch).
Result<CellGroups> group_cells(const CellSource& source, const CellColumnOptions& columns, Design design, int min_cells,
                               const GroupRequirements& requirements, Review& review);
// The same where every doubt that would stop a command is an error.
Result<CellGroups> group_cells(const CellSource& source, const CellColumnOptions& columns, Design design,
                               int min_cells);

}  // namespace headroom
