// What is doubtful about grouped cells by the other columns of their table: conditions that would be averaged over
// (rows.conditions_merged), guides of one gene that would stand in training and test (labels.several_per_gene).
#pragma once

#include <string>
#include <vector>

#include "cells/cell_groups.hpp"
#include "cells/cell_source.hpp"
#include "review/review.hpp"

namespace headroom {

// `used`: columns that say something already (perturbation, context, batch, fold).
void doubt_conditions(const CellSource& source, const CellGroups& groups, const std::string& pert_column,
                      const std::vector<std::string>& used, Review& review);
void doubt_guides(const CellSource& source, const CellGroups& groups, const std::string& pert_column,
                  const std::vector<std::string>& used, Review& review);

}  // namespace headroom
