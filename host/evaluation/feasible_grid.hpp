// Numbers of neighbours that a small task allows, where the default grid asks for more than it has.
#pragma once

#include <string>
#include <vector>

#include "plan/roster.hpp"
#include "plan/run_options.hpp"
#include "task/task.hpp"

namespace headroom {

// An eighth, a quarter and half of the rows, as a grid takes them: "2,4,8".
std::string neighbours_for(Eigen::Index n_training_rows);

// One line for each head with neighbours k whose every value is more than the fewest training perturbations of an inner
// split: what to give to --grid.
std::vector<std::string> grid_proposals(const Roster& roster, const Task& task, const RunOptions& options);

}  // namespace headroom
