// The task and the splits of tests/reference/splits/splits.json.
#pragma once

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "plan/split_families.hpp"
#include "plan/split_file.hpp"
#include "task/task.hpp"

namespace headroom::testing {

inline nlohmann::json read_split_reference() {
  std::ifstream stream(HEADROOM_SOURCE_DIR "/tests/reference/splits/splits.json");
  return nlohmann::json::parse(stream);
}

inline Task task_of(const nlohmann::json& reference) {
  Task task;
  task.name = task.path = task.sha256 = "reference";
  task.fold_names = {"0", "1"};
  for (const auto& from : reference["contexts"]) {
    TaskContext& context = task.contexts.emplace_back();
    context.name = from["name"];
    context.pert_ids = from["ids"].get<std::vector<std::string>>();
    const auto deltas = from["deltas"].get<std::vector<std::vector<double>>>();
    context.deltas.resize(static_cast<Eigen::Index>(deltas.size()), static_cast<Eigen::Index>(deltas[0].size()));
    for (std::size_t row = 0; row < deltas.size(); ++row) {
      context.fold_of_row.push_back(static_cast<std::int32_t>(row % 2));
      for (std::size_t g = 0; g < deltas[row].size(); ++g) {
        context.deltas(static_cast<Eigen::Index>(row), static_cast<Eigen::Index>(g)) = deltas[row][g];
      }
    }
  }
  for (Eigen::Index g = 0; g < task.contexts[0].deltas.cols(); ++g) {
    task.gene_ids.push_back("gene" + std::to_string(g));
  }
  return task;
}

inline SplitRequest request_of(const nlohmann::json& reference, const std::string& family) {
  const auto& settings = reference["settings"];
  SplitRequest request;
  request.family = family;
  request.seed = settings["seed"];
  request.n_folds = settings["folds"];
  if (family == kFamilyTransferFew) request.few_percent = settings["few_percent"];
  if (family == kFamilyCombination) request.test_doubles = settings["test_doubles"];
  return request;
}

}  // namespace headroom::testing
