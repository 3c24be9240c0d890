// What a run needs beside its flags: the programs and plugins that were installed with it, and the submissions.
#pragma once

#include "cli/command_line.hpp"
#include "evaluation/run_options.hpp"
#include "outcome/outcome.hpp"

namespace headroom::cli {

// The options of the flags with the worker, the shipped plugins, the build, and what the folder of submissions holds.
// Warns on stderr where plugins are not to be confined. Errors: the installation is not complete, the folder of
// submissions cannot be read.
Result<RunOptions> complete_run_options(const RunArguments& arguments);

}  // namespace headroom::cli
