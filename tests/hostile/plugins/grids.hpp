// A predictor with so many hyperparameters of so many values each.
#pragma once

#include <string>
#include <vector>

#include "hostile.hpp"

namespace hostile {

inline const headroom_plugin* predictor_with_grids(std::size_t n_parameters, std::size_t n_values) {
  static std::vector<double> values(n_values);
  static std::vector<std::string> names;
  static std::vector<headroom_hyperparameter> parameters;
  static std::vector<const headroom_hyperparameter*> pointers;
  for (std::size_t i = 0; i < n_values; ++i) values[i] = static_cast<double>(i);
  for (std::size_t p = 0; p < n_parameters; ++p) names.push_back("p" + std::to_string(p));
  for (const std::string& name : names) {
    parameters.push_back({sizeof(headroom_hyperparameter),
                          {name.data(), static_cast<std::int64_t>(name.size())},
                          text("one of many"),
                          0,
                          0,
                          0,
                          1e9,
                          values.data(),
                          static_cast<std::int64_t>(n_values)});
  }
  for (const auto& parameter : parameters) pointers.push_back(&parameter);
  static const headroom_predictor predictor{sizeof(headroom_predictor),
                                            HEADROOM_SUPPORTS_REGRESSION,
                                            1,
                                            1,
                                            0,
                                            pointers.data(),
                                            static_cast<std::int64_t>(pointers.size()),
                                            [](const headroom_host*, const headroom_predictor_request*,
                                               headroom_predictor_output*) -> headroom_status { return HEADROOM_OK; }};
  static const headroom_plugin plugin = describe(HEADROOM_KIND_PREDICTOR, &predictor);
  return &plugin;
}

}  // namespace hostile
