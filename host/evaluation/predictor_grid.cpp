#include "evaluation/predictor_grid.hpp"

#include <fmt/format.h>

#include <cmath>

#include "plugin_host/description_check.hpp"

namespace headroom {
namespace {

Result<void> check_grid_values(const Hyperparameter& declared, const std::vector<double>& values,
                               const std::string& key) {
  if (values.empty()) return bad_input("a grid without values", "--grid " + key, "write it as " + key + "=V,V,...");
  for (const double value : values) {
    const bool in_range = value >= declared.minimum() && value <= declared.maximum();
    if (!std::isfinite(value) || !in_range || (declared.is_integer() && value != std::floor(value))) {
      return bad_input(fmt::format("{:g} is not allowed", value), "--grid " + key,
                       fmt::format("it is {} from {:g} to {:g}", declared.is_integer() ? "a whole number" : "a number",
                                   declared.minimum(), declared.maximum()));
    }
  }
  return {};
}

}  // namespace

Result<HyperparameterGrid> make_grid(const RosterEntry& entry, const RunOptions& options,
                                     std::set<std::string>& unused) {
  HyperparameterGrid grid;
  std::vector<std::vector<double>> values;
  for (const Hyperparameter& declared : entry.description.hyperparameters()) {
    const std::string key = entry.name + "." + declared.name();
    const auto given = options.grid.find(key);
    grid.names.push_back(declared.name());
    if (given == options.grid.end()) {
      values.emplace_back(declared.grid().begin(), declared.grid().end());
      continue;
    }
    unused.erase(key);
    if (auto checked = check_grid_values(declared, given->second, key); !checked)
      return tl::unexpected<Error>(checked.error());
    values.push_back(given->second);
  }
  std::vector<std::size_t> n_values;
  for (const auto& v : values) n_values.push_back(v.size());
  if (!grid_points(n_values)) {
    return bad_input(fmt::format("the grid has more than {} combinations, or more than {} values in all of them",
                                 kMostGridPoints, kMostGridNumbers),
                     "--grid " + entry.name, "name fewer values");
  }
  grid.settings = all_combinations(values);
  return grid;
}

}  // namespace headroom
