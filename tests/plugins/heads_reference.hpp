// The small problems that scikit-learn solved (tests/reference/plugins/make_heads_reference.py).
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "plugins/predictor_call.hpp"

namespace headroom::testing {

struct ReferenceCase {
  std::string name;
  PredictorCall call;                 // with the reference grid as settings
  std::vector<sdk::Matrix> expected;  // one per setting
};

inline sdk::Matrix matrix_of(const nlohmann::json& rows) {
  sdk::Matrix m(static_cast<Eigen::Index>(rows.size()), static_cast<Eigen::Index>(rows.at(0).size()));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (std::size_t j = 0; j < rows[i].size(); ++j) {
      m(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)) = rows[i][j].get<double>();
    }
  }
  return m;
}

// head: "knn", "lasso" or "ridge".
inline std::vector<ReferenceCase> reference_cases(const std::string& head) {
  std::ifstream file(HEADROOM_SOURCE_DIR "/tests/reference/plugins/heads.json");
  const nlohmann::json document = nlohmann::json::parse(file);
  std::vector<ReferenceCase> cases;
  for (const auto& entry : document.at("cases")) {
    ReferenceCase c;
    c.name = entry.at("name").get<std::string>();
    c.call.training = matrix_of(entry.at("training"));
    c.call.query = matrix_of(entry.at("query"));
    c.call.delta_rows = matrix_of(entry.at("deltas"));
    const auto grid = document.at("grids").at(head).get<std::vector<double>>();
    c.call.settings = Eigen::Map<const Eigen::VectorXd>(grid.data(), static_cast<Eigen::Index>(grid.size()));
    for (const auto& prediction : entry.at(head)) c.expected.push_back(matrix_of(prediction));
    cases.push_back(std::move(c));
  }
  return cases;
}

}  // namespace headroom::testing
