#include "evaluation/feasible_grid.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <set>

namespace headroom {
namespace {

constexpr const char* kNeighbours = "k";

Eigen::Index fewest_inner_rows(const Task& task, const RunOptions& options) {
  auto fewest = std::numeric_limits<Eigen::Index>::max();
  for (const TaskContext& context : task.contexts) {
    const auto n = static_cast<Eigen::Index>(context.fold_of_row.size());
    for (std::size_t fold = 0; fold < task.fold_names.size(); ++fold) {
      const Eigen::Index n_training =
          n - std::count(context.fold_of_row.begin(), context.fold_of_row.end(), static_cast<std::int32_t>(fold));
      const Eigen::Index n_held_out = (n_training + options.inner_folds - 1) / options.inner_folds;
      fewest = std::min(fewest, n_training - n_held_out);
    }
  }
  return fewest;
}

}  // namespace

std::string neighbours_for(Eigen::Index n_training_rows) {
  std::set<Eigen::Index> values;
  for (const Eigen::Index part : {8, 4, 2}) values.insert(std::max<Eigen::Index>(1, n_training_rows / part));
  return fmt::format("{}", fmt::join(values, ","));
}

std::vector<std::string> grid_proposals(const Roster& roster, const Task& task, const RunOptions& options) {
  const Eigen::Index n_rows = fewest_inner_rows(task, options);
  std::vector<std::string> proposals;
  for (const RosterEntry& head : roster.heads) {
    const auto at = std::find(head.grid.names.begin(), head.grid.names.end(), kNeighbours);
    if (at == head.grid.names.end() || head.grid.settings.rows() == 0) continue;
    const double least = head.grid.settings.col(at - head.grid.names.begin()).minCoeff();
    if (least <= static_cast<double>(n_rows)) continue;
    proposals.push_back(fmt::format(
        "{} needs {:g} neighbours and more, and an inner split trains on {} perturbations: give --grid {}.{}={}",
        head.name, least, n_rows, head.name, kNeighbours, neighbours_for(n_rows)));
  }
  return proposals;
}

}  // namespace headroom
