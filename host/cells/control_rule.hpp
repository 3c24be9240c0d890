// Which cells are the control: by a column of flags, by the labels that were given, or by a label that names controls.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cells/cell_groups.hpp"
#include "cells/cell_source.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

struct ControlRule {
  std::string picked;  // "control: column 'is_control'", for the user
  // By label: labels and globs, all of them one control. By flag: empty.
  std::vector<std::string> labels;
  std::vector<bool> flagged;  // cells; empty where the label says it
};

// `n_cells`: of each label of `perturbations`. Errors (bad_input): no such column or label, a column that says neither
// yes nor no, nothing that names controls.
Result<ControlRule> find_controls(const CellSource& source, const CellColumnOptions& options,
                                  const LabelColumn& perturbations, const std::vector<std::int64_t>& n_cells);

}  // namespace headroom
