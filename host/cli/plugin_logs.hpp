// What the plugins of a run said: into the store, and with --logs into a file for each plugin.
#pragma once

#include <filesystem>
#include <string>

#include "evaluation/run_results.hpp"
#include "outcome/outcome.hpp"
#include "store/store.hpp"

namespace headroom::cli {

// The name of a plugin's file, from its name in the results: "esm.log". Two plugins never share one.
std::string log_file_name(const std::string& plugin);

// `folder`: of --logs; empty: none. A plugin that said nothing has no file; what an earlier run left of it is removed.
Result<void> keep_logs(const std::filesystem::path& folder, const RunResults& results, Store& store);

}  // namespace headroom::cli
