#include "evaluation/evaluation_inputs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "io/sha256.hpp"

namespace headroom {
namespace {

constexpr std::size_t kHashDigits = 64;

// Ids may hold any character, so each is preceded by its length.
std::string hash_of_ids(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += fmt::format("{} {}\n", id.size(), id);
  return sha256_of_bytes(text).value_or(text);  // the text itself tells lists apart as well, only longer
}

void add_plugin(EvaluationInputs& inputs, const RosterEntry& entry) {
  inputs.push_back({"plugin of " + entry.name, entry.file->sha256});
  if (entry.data) inputs.push_back({"data of " + entry.name, entry.data->sha256});
  if (!entry.data_folder_sha256.empty()) {
    inputs.push_back({"data folder of " + entry.name, entry.data_folder_sha256});
  }
  for (const auto& [key, value] : entry.settings.options) {
    inputs.push_back({fmt::format("option {}.{}", entry.name, key), value});
  }
  // A result may stand for no more confinement than it was made under.
  if (!entry.file->shipped) {
    inputs.push_back({"confinement of " + entry.name, ConfinementLevel_Name(entry.confinement.level())});
  }
}

bool is_hash(const std::string& value) {
  return value.size() == kHashDigits && value.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string shown(const std::string& value) {
  if (is_hash(value)) return "sha256 " + value.substr(0, 8) + "…";
  return value.size() > 40 ? value.substr(0, 40) + "…" : value;
}

const std::string* value_of(const EvaluationInputs& inputs, const std::string& name) {
  const auto found = std::find_if(inputs.begin(), inputs.end(), [&](const auto& input) { return input.name == name; });
  return found == inputs.end() ? nullptr : &found->value;
}

}  // namespace

EvaluationInputs inputs_of_fold(const RunOptions& options, const Task& task, std::size_t context,
                                const std::string& fold_name, const RowIndex& test_rows) {
  const TaskContext& source = task.contexts[context];
  std::vector<std::string> test_ids;
  for (const std::int32_t row : test_rows) test_ids.push_back(source.pert_ids[static_cast<std::size_t>(row)]);
  return {{"Headroom", options.build},
          {"task", task.sha256},
          {"context", source.name},
          {"fold", fold_name},
          {"perturbations", hash_of_ids(source.pert_ids)},
          {"test perturbations", hash_of_ids(test_ids)}};
}

void add_head_inputs(EvaluationInputs& inputs, const RunOptions& options, const RosterEntry& head) {
  inputs.push_back({"common dimension", std::to_string(options.common_dim)});
  inputs.push_back({"inner folds", std::to_string(options.inner_folds)});
  inputs.push_back({"inner seed", std::to_string(options.inner_seed)});
  inputs.push_back({"seed", std::to_string(options.seed)});
  add_plugin(inputs, head);
  std::vector<std::string> settings;
  for (Eigen::Index s = 0; s < head.grid.settings.rows(); ++s) {
    std::vector<std::string> params;
    for (const auto& [name, value] : head.grid.params(s)) params.push_back(fmt::format("{}={}", name, value));
    settings.push_back(fmt::format("{}", fmt::join(params, " ")));
  }
  inputs.push_back({"grid of " + head.name, fmt::format("{}", fmt::join(settings, ", "))});
}

EvaluationInput gene_input(const Task& task) { return {"genes", hash_of_ids(task.gene_ids)}; }

void add_embedding_inputs(EvaluationInputs& inputs, const RosterEntry& embedding, const EvaluationInput& genes) {
  add_plugin(inputs, embedding);
  if (embedding.description.wants_training()) inputs.push_back(genes);
}

void add_noise_inputs(EvaluationInputs& inputs, const NoiseTable* noise) {
  inputs.push_back({"noise table", noise != nullptr ? noise->sha256 : "none"});
}

std::string fingerprint_of(const EvaluationInputs& inputs) {
  std::string text;
  for (const auto& [name, value] : inputs) {
    text += fmt::format("{} {}\n{} {}\n", name.size(), name, value.size(), value);
  }
  return sha256_of_bytes(text).value_or(text);
}

std::vector<std::string> differences(const EvaluationInputs& stored, const EvaluationInputs& now) {
  std::vector<std::string> changes;
  for (const auto& [name, value] : now) {
    const std::string* before = value_of(stored, name);
    if (before == nullptr) {
      changes.push_back(fmt::format("{}: none, now {}", name, shown(value)));
    } else if (*before != value) {
      changes.push_back(fmt::format("{}: {}, now {}", name, shown(*before), shown(value)));
    }
  }
  for (const auto& [name, value] : stored) {
    if (value_of(now, name) == nullptr) changes.push_back(fmt::format("{}: {}, now none", name, shown(value)));
  }
  return changes;
}

}  // namespace headroom
