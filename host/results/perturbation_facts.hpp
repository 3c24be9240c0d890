// What is known of each perturbation of a context besides its scores.
#pragma once

#include <string>
#include <vector>

namespace headroom {

// Parallel arrays, one element a perturbation; NaN: not known.
struct PerturbationFacts {
  std::string context;
  std::vector<std::string> pert_ids;
  std::vector<std::string> folds;      // names
  std::vector<double> effect_sizes;    // L2 norm of the true delta
  std::vector<double> n_cells;
  std::vector<double> noise;           // the sampling-error bound of the primary metric (protocol section 6)
};

}  // namespace headroom
