// A run's summary on stdout, in the form that --format names.
#pragma once

#include <string>

#include "cli/command_line.hpp"
#include "outcome/outcome.hpp"
#include "summary.pb.h"

namespace headroom::cli {

// table: a progress bar a method; csv: scores.csv; json: summary.json; markdown: the methods ranked, a row each.
// `run` names the run in that table, and stderr hears what it leaves out.
Result<void> print_summary(const RunSummary& summary, const std::string& run, const CommonArguments& common);

}  // namespace headroom::cli
