#include "evaluation/effective_settings.hpp"

#include <algorithm>
#include <string>

#include "evaluation/load_roster.hpp"
#include "protocol/metrics.hpp"

namespace headroom {
namespace {

// As its workers have them.
WorkerLimits effective_limits(const RosterEntry& entry) {
  return effective_worker_limits(entry.settings.limits, entry.settings.n_threads);
}

void set_confinement(RunSettings& settings, const Roster& roster) {
  const RosterEntry* lowest = nullptr;
  for (const auto* entries : {&roster.heads, &roster.embeddings, &roster.predictions}) {
    for (const RosterEntry& entry : *entries) {
      if (entry.fault) continue;
      if (lowest == nullptr || entry.confinement.level() < lowest->confinement.level()) lowest = &entry;
    }
  }
  if (lowest == nullptr) return;
  settings.set_confinement(lowest->confinement.level());
  *settings.mutable_confinement_layers() = lowest->confinement.layers();
  *settings.mutable_limits() = effective_limits(*lowest);
}

}  // namespace

RunSettings effective_settings(const RunOptions& options, const Plan& plan, const Roster& roster) {
  RunSettings settings;
  settings.set_common_dim(options.common_dim);
  for (const std::string& name : options.ceiling) settings.add_ceiling(name);
  for (const std::string& name : options.nulls) settings.add_nulls(name);
  settings.set_bounds_scope(options.bounds_per_head ? kBoundsOfHead : kBoundsOfTask);
  if (options.excluded_targets != ExcludedTargets::as_published) {
    settings.set_exclude_targets(std::string(exclusion_name(options.excluded_targets)));
  }
  settings.set_seed(options.seed);
  settings.set_inner_folds(options.inner_folds);
  settings.set_inner_fold_seed(options.inner_seed);
  settings.set_n_random_embeddings(options.n_random_embeddings);
  settings.set_sandbox(options.sandbox);
  settings.set_audit(options.audit);
  if (!flag_of_split(options).empty()) {
    settings.set_split(split_text(options.split) + (options.split.per_context ? " per_context=1" : ""));
  }
  for (const auto& [name, pattern] : options.groups) {
    EmbeddingGroup& group = *settings.add_groups();
    group.set_name(name);
    group.set_pattern(pattern);
  }
  for (const Metric metric : plan.metrics) settings.add_metrics(std::string(metric_name(metric)));
  for (const RosterEntry& head : roster.heads) {
    for (std::size_t h = 0; h < head.grid.names.size(); ++h) {
      Grid& grid = *settings.add_grids();
      grid.set_predictor(head.name);
      grid.set_hyperparameter(head.grid.names[h]);
      std::vector<double> values;
      for (const double value : head.grid.settings.col(static_cast<Eigen::Index>(h))) {
        if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
      }
      grid.mutable_values()->Assign(values.begin(), values.end());
    }
  }
  set_confinement(settings, roster);
  return settings;
}

std::vector<PluginOfRun> plugins_of_run(const Roster& roster) {
  std::vector<PluginOfRun> plugins;
  for (const auto* entries : {&roster.embeddings, &roster.predictions, &roster.heads}) {
    for (const RosterEntry& entry : *entries) {
      PluginOfRun& plugin = plugins.emplace_back();
      plugin.record = describe(entry);
      plugin.path = entry.data ? entry.data->path : entry.file->path;
      if (!entry.given_path.empty()) plugin.path = entry.given_path;
      plugin.data_folder_sha256 = entry.data_folder_sha256;
      if (!entry.fault) plugin.confinement = entry.confinement;
      plugin.limits = effective_limits(entry);
    }
  }
  return plugins;
}

}  // namespace headroom
