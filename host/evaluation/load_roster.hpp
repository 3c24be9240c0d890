// Opens, hashes and introduces the plugins of a run (each describes itself in a confined worker) before any work
// starts, so that a wrong flag is refused at once and a broken plugin is known by its reason.
#pragma once

#include <set>
#include <stop_token>
#include <string>

#include "evaluation/introduce_plugin.hpp"
#include "outcome/outcome.hpp"
#include "parallel/progress.hpp"
#include "parallel/thread_pool.hpp"
#include "plan/roster.hpp"
#include "plan/run_options.hpp"
#include "plan/target.hpp"
#include "review/review.hpp"
#include "summary.pb.h"
#include "task/task.hpp"

namespace headroom {

// Whether introducing an embedding that lies in a file includes that its worker reads the file, as it does to be asked.
// Left out, only a fault of the file is not known yet; read_vector_files() makes up for it.
enum class VectorFiles { read, leave };

// Errors are the user's (a file that is not there, an unknown --grid or --set key, two entries of one name) or the
// machine's (no sandbox as strong as asked for, no worker program). A plugin's own fault is kept in its entry.
//
// Heads of the protocol that the run does not name are opened for the bounds of the task; with bounds per head only knn
// is, where a submitted predictor borrows from it.
//
// A plugin that declares what no run asks for is at fault (UNSUITED). All that is done for one plugin but Headroom's
// own heads is charged to its budget, which serves the contexts of the reviewed task, or one. `progress` hears of a
// round of many submissions, each of which takes a worker's start.
Result<Roster> load_roster(const Target& target, const RunOptions& options, ThreadPool& pool,
                           VectorFiles vector_files = VectorFiles::read, const FileReview& review = {},
                           const std::stop_token& stop = {}, Progress* progress = nullptr);
Result<void> read_vector_files(Roster& roster, const RunOptions& options, ThreadPool& pool,
                               const FileReview& review = {});

// Raises what the readers found. A submission whose doubt stops the run fails by itself: its entry gets the fault.
void raise_doubts(Roster& roster, Review& review);

// Finished predictions are the user's own input: what Headroom's reader says that is wrong with them ends the command
// (bad_input) before anything is evaluated. A reader that crashes or runs out of a limit is a failed row.
Result<void> require_readable_predictions(const Roster& roster);

// What results tell of a plugin; an overlap of its training data sets with the task's name is flagged by the caller.
PluginRecord describe(const RosterEntry& entry);

}  // namespace headroom
