// The plugins of a run: opened, hashed and introduced (each describes itself in a confined worker) before any work
// starts, so that a wrong flag is refused at once and a broken plugin is known by its reason.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/head.hpp"
#include "evaluation/run_options.hpp"
#include "plugin_host/plugin_file.hpp"
#include "plugin_host/worker_session.hpp"
#include "summary.pb.h"
#include "task/task.hpp"

namespace headroom {

// One plugin as this run uses it. `fault` is set where it could not be introduced: everything that needs it fails with
// that reason.
struct RosterEntry {
  std::string name;  // what results call it
  std::shared_ptr<const PluginFile> file;
  std::shared_ptr<const DataFile> data;  // the vector file that `table` reads, else empty
  WorkerSettings settings;
  PluginDescription description;
  ConfinementReport confinement;
  HyperparameterGrid grid;  // of a predictor
  std::optional<WorkerFault> fault;
};

struct Roster {
  std::vector<RosterEntry> heads;       // in the order of RunOptions::predictors
  std::vector<RosterEntry> embeddings;  // in the order of RunOptions::embeddings
};

// Errors are the user's (a file that is not there, an unknown --grid or --set key, two entries of one name) or the
// machine's (no sandbox as strong as asked for, no worker program). A plugin's own fault is kept in its entry.
Result<Roster> load_roster(const RunOptions& options);

// What results tell of a plugin; an overlap of its training data sets with the task's name is flagged by the caller.
PluginRecord describe(const RosterEntry& entry);

}  // namespace headroom
