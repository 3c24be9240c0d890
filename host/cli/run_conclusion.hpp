// A run from its evaluations to its answer: summary, files, tables, exit code. The same for one that evaluated and one
// that gathered what shards did.
#pragma once

#include <vector>

#include "cli/planned_study.hpp"
#include "cli/run_outputs.hpp"
#include "outcome/outcome.hpp"
#include "summary.pb.h"

namespace headroom::cli {

// run.toml, the flags that repeat the run.
Result<void> write_run_toml(const RunArguments& arguments);

// One plan of outputs a target.
Result<std::vector<OutputsPlan>> plans_of_outputs(PlannedStudy& study);

// Where evaluations come from: made now, or gathered from shards.
enum class Evaluations { made, gathered };

// Makes or gathers every target's evaluations, writes all files and shows the answer. Returns the exit code.
Result<int> conclude_run(PlannedStudy& study, const std::vector<OutputsPlan>& plans, Evaluations evaluations);

// The run's answer on stdout, and on stderr what became of each plugin.
Result<void> show_run(const RunSummary& summary, const std::vector<SubmissionOutcome>& submissions,
                      const RunOptions& options, const RunArguments& arguments);

}  // namespace headroom::cli
