// What the plugins of a run said: into the store, and with --logs into a file for each plugin.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "evaluation/run_results.hpp"
#include "outcome/outcome.hpp"
#include "store/store.hpp"

namespace headroom::cli {

// The name of a plugin's file, from its name in the results: "esm.log". Two plugins never share one, and none is longer
// than file systems take.
std::string log_file_name(const std::string& plugin);

// Into the store. With `resumes`, `results.logs` gains what the same plugin said in the run before: what was evaluated
// then is not evaluated again.
Result<void> keep_logs(RunResults& results, Store& store, bool resumes);

// `folder`: of --logs; empty: none. A plugin that said nothing has no file; what an earlier run left of it is removed.
// Gives notes: a log that cannot be written is no reason to lose a run, and a file that is no log of Headroom's stays.
std::vector<std::string> write_logs(const std::filesystem::path& folder, const RunResults& results);

}  // namespace headroom::cli
