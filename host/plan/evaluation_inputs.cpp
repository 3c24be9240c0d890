#include "plan/evaluation_inputs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "io/sha256.hpp"
#include "plan/target.hpp"

namespace headroom {
namespace {

// Ids may hold any character, so each is preceded by its length.
std::string hash_of_ids(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += fmt::format("{} {}\n", id.size(), id);
  return sha256_of_bytes(text).value_or(text);  // the text itself tells lists apart as well, only longer
}

std::string hash_of_rows(const Task& task, const std::vector<TaskRow>& rows) {
  std::vector<std::string> ids;
  for (const TaskRow& at : rows) {
    const TaskContext& context = task.contexts[at.context];
    ids.push_back(context.name);
    ids.push_back(context.pert_ids[static_cast<std::size_t>(at.row)]);
  }
  return hash_of_ids(ids);
}

void add_plugin(EvaluationInputs& inputs, const RosterEntry& entry) {
  inputs.push_back({"plugin of " + entry.name, entry.file->sha256});
  if (entry.data) inputs.push_back({"data of " + entry.name, entry.data->sha256});
  if (entry.runtime) inputs.push_back({"runtime of " + entry.name, entry.runtime->sha256});
  if (!entry.data_folder_sha256.empty()) {
    inputs.push_back({"data folder of " + entry.name, entry.data_folder_sha256});
  }
  if (!entry.settings.python_path.empty()) {
    inputs.push_back({"modules of " + entry.name, entry.settings.python_path.string()});
  }
  if (!entry.settings.model.empty()) inputs.push_back({"model of " + entry.name, entry.settings.model});
  for (const auto& [key, value] : entry.settings.options) {
    inputs.push_back({fmt::format("option {}.{}", entry.name, key), value});
  }
  // A result may stand for no more confinement than it was made under.
  if (!entry.file->shipped) {
    inputs.push_back({"confinement of " + entry.name, ConfinementLevel_Name(entry.confinement.level())});
  }
}

}  // namespace

EvaluationInputs inputs_of_split(const RunOptions& options, const Task& task, const Split& split) {
  const TaskContext& tested = task.contexts[split.context];
  EvaluationInputs inputs = {{"Headroom", options.build},
                             {"task", task.sha256},
                             {"deltas", task.columns.delta_source},
                             {"context", tested.name},
                             {"fold", split.name},
                             {"training perturbations", hash_of_rows(task, split.training)},
                             {"test perturbations", hash_of_rows(task, split.test)}};
  if (!options.kernels.empty()) inputs.push_back({kKernelsInput, options.kernels});
  if (split.family != kFamilyWithin) inputs.push_back({"family of splits", split.family});
  if (options.split.per_context) inputs.push_back({"fits", "per context"});
  if (!task.columns.weights_source.empty() && !task.holds_classes && !task.is_seen_as_cells) {
    inputs.push_back({"weights", task.columns.weights_source});
  }
  if (options.excluded_targets != ExcludedTargets::as_published) {
    inputs.push_back({"excluded targets", std::string(exclusion_name(options.excluded_targets))});
  }
  const Target& target = target_of(task);
  if (target.scores_whole_folds()) {  // its values in resamples are kept with the evaluation
    inputs.push_back({"target", target.name});
    inputs.push_back({"seed of resamples", std::to_string(options.seed)});
  }
  return inputs;
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

}  // namespace headroom
