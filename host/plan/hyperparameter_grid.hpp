// The settings that a head chooses from: every combination of its hyperparameters' values.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "matrix/matrix.hpp"

namespace headroom {

struct HyperparameterGrid {
  std::vector<std::string> names;
  Matrix settings;  // settings × hyperparameters; at least one row
  std::map<std::string, double> params(Eigen::Index setting) const;
};

// The grid of these values (one list a hyperparameter), the last one varying fastest.
Matrix all_combinations(const std::vector<std::vector<double>>& values);

}  // namespace headroom
