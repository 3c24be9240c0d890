// What is known of each perturbation of a context besides its scores.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "evaluation/run_results.hpp"
#include "task/task.hpp"

namespace headroom {

// Parallel arrays, one element a perturbation; NaN: not known.
struct PerturbationFacts {
  std::string context;
  std::vector<std::string> pert_ids;
  std::vector<std::string> folds;    // names
  std::vector<double> effect_sizes;  // L2 norm of the true delta, or of the labels -1, 0 and +1
  std::vector<double> n_cells;
  std::vector<double> noise;  // the sampling-error bound of perturbation_metric() (protocol section 6)
};

// Of the metrics of a run, the first that single perturbations have: an index, 0 where none has.
std::size_t perturbation_metric(const std::vector<Metric>& metrics);

// Cells of a perturbation in a context, where something (the noise table) knows them; may be empty.
using CellCount = std::function<std::optional<double>(std::string_view context, std::string_view pert_id)>;

// One element per evaluated context, over the test rows of its evaluated folds, fold by fold.
std::vector<PerturbationFacts> perturbation_facts(const RunResults& results, const Task& task,
                                                  const CellCount& cell_count);

}  // namespace headroom
