// What a run needs beside its flags: the programs and plugins that were installed with it, and the submissions.
#pragma once

#include <filesystem>

#include "cli/command_line.hpp"
#include "outcome/outcome.hpp"
#include "plan/run_options.hpp"

namespace headroom::cli {

// Fills in the worker program and the folder of the shipped plugins, and warns on stderr where plugins are not to be
// confined. Error: the installation is not complete.
Result<void> complete_plugin_options(std::filesystem::path& worker_program, std::filesystem::path& shipped_plugins,
                                     SandboxMode sandbox);

// The options of the flags with the worker, the shipped plugins, the build, and what the folder of submissions holds.
// Warns and fails as above, and where the folder of submissions cannot be read.
Result<RunOptions> complete_run_options(const RunArguments& arguments);

}  // namespace headroom::cli
