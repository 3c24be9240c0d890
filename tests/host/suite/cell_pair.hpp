// Two small files of cells and what lies between them, as tests/reference/suite/make_cell_pair.py gives it.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/suite/cell_file.hpp"

namespace headroom {

struct CellPair {
  CellFile real, predicted, predicted_with_control;
  nlohmann::json expected;                      // perturbations: metrics
  nlohmann::json classic, classic_own_control;  // metrics: perturbations

  static CellPair read() {
    std::ifstream stream(std::string(HEADROOM_SOURCE_DIR) + "/tests/reference/suite/cell_pair.json");
    auto content = nlohmann::json::parse(stream);
    content["real"]["non-targeting"] = content["control"];
    const CellFile predicted = cells_of(content["predicted"]);
    content["predicted"]["non-targeting"] = content["predicted_control"];
    return {cells_of(content["real"]), predicted,          cells_of(content["predicted"]),
            content["expected"],       content["classic"], content["classic_own_control"]};
  }

 private:
  static CellFile cells_of(const nlohmann::json& groups) {
    CellFile file;
    for (int g = 0; g < 60; ++g) file.genes.push_back((g < 10 ? "G0" : "G") + std::to_string(g));
    for (const auto& [label, cells] : groups.items()) {
      for (const auto& cell : cells) {
        file.labels.push_back(label);
        file.counts.push_back(cell.get<std::vector<double>>());
      }
    }
    return file;
  }
};

}  // namespace headroom
