// What a run's settings came to once its plugins were known, beside what was asked for.
#pragma once

#include <vector>

#include "evaluation/evaluation_store.hpp"
#include "plan/plan.hpp"
#include "plan/roster.hpp"
#include "plan/run_options.hpp"
#include "settings.pb.h"

namespace headroom {

// The run is as confined as its least confined worker.
RunSettings effective_settings(const RunOptions& options, const Plan& plan, const Roster& roster);

// Embeddings, then finished predictions, then heads.
std::vector<PluginOfRun> plugins_of_run(const Roster& roster);

}  // namespace headroom
