#include "plan/hyperparameter_grid.hpp"

namespace headroom {

std::map<std::string, double> HyperparameterGrid::params(Eigen::Index setting) const {
  std::map<std::string, double> values;
  for (std::size_t h = 0; h < names.size(); ++h) values[names[h]] = settings(setting, static_cast<Eigen::Index>(h));
  return values;
}

Matrix all_combinations(const std::vector<std::vector<double>>& values) {
  Eigen::Index n = 1;
  for (const auto& v : values) n *= static_cast<Eigen::Index>(v.size());
  Matrix settings(n, static_cast<Eigen::Index>(values.size()));
  for (Eigen::Index row = 0; row < n; ++row) {
    Eigen::Index rest = row;
    for (Eigen::Index h = settings.cols() - 1; h >= 0; --h) {
      const auto& v = values[static_cast<std::size_t>(h)];
      const auto size = static_cast<Eigen::Index>(v.size());
      settings(row, h) = v[static_cast<std::size_t>(rest % size)];
      rest /= size;
    }
  }
  return settings;
}

}  // namespace headroom
