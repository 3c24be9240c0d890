// Two small files of cells and what lies between them, as tests/reference/suite/make_cell_pair.py gives it.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/suite/cell_file.hpp"

namespace headroom {

struct CellPair {
  CellFile real, predicted;
  nlohmann::json expected;  // perturbations: metrics

  static CellPair read() {
    std::ifstream stream(std::string(HEADROOM_SOURCE_DIR) + "/tests/reference/suite/cell_pair.json");
    auto content = nlohmann::json::parse(stream);
    content["real"]["non-targeting"] = content["control"];
    return {cells_of(content["real"]), cells_of(content["predicted"]), content["expected"]};
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
