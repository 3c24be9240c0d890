// What is odd about cells that are scored all the same: groups of one cell, cells and groups without counts, genes that
// are not measured. One sentence each, with counts and names, wherever predicted cells are scored.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cell_metrics/panel_scores.hpp"

namespace headroom {

// The cells of one perturbation.
struct CellsOfLabel {
  std::string label;
  std::size_t n_cells = 0, n_empty = 0;  // n_empty: without counts

  // `totals`: of its cells.
  CellsOfLabel(std::string name, const std::vector<double>& totals);
};

std::vector<std::string> remarks_on_prediction(const std::vector<CellsOfLabel>& groups);

// Of a screen that is reduced, with its whole control.
std::vector<std::string> remarks_on_screen(const PanelTruth& truth, const GroupCounts& control);

}  // namespace headroom
