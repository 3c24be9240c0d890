// The columns of the cell table that grouping stands on, read as labels: perturbations (one column or several joined),
// batches, contexts; and the rows that --where keeps.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cells/cell_groups.hpp"
#include "cells/cell_source.hpp"
#include "outcome/outcome.hpp"
#include "review/review.hpp"

namespace headroom {

struct PerturbationColumn {
  LabelColumn labels;                // sorted; named as it was asked for
  std::vector<std::string> columns;  // that it was joined from
};

// Errors (bad_input): no column of the usual names, or none of the names that were given.
Result<PerturbationColumn> read_perturbations(const CellSource& source, const CellColumnOptions& options);

// An optional column, sorted, or one label for all cells.
Result<LabelColumn> read_or_one(const CellSource& source, const std::optional<std::string>& name,
                                const std::string& only_label);

// Cells that no filter leaves out; controls have to be looked at apart. Errors: no such column, a value that no cell
// has.
Result<std::vector<bool>> filtered_cells(const CellSource& source, const std::vector<RowFilter>& where);

// Contexts whose names say that there is none (nan, unknown) become one context, the first of them, and are noted.
void join_missing_contexts(LabelColumn& contexts, const std::string& where, Review& review);

}  // namespace headroom
