// run.toml, which every run writes: what was asked for, with the defaults of this version, so that a later one repeats
// it.
#pragma once

#include <string>

#include "cli/command_line.hpp"

namespace CLI {
class App;
}

namespace headroom::cli {

// What the flags of `command`, run or score, were given; `name`: the command that it is written for, where it is not
// this one.
std::string settings_text(const CLI::App& command, const std::string& name = {});

// The flags of a run, or of finished predictions, from its run.toml; `where` names it in errors.
Result<RunArguments> run_arguments_of(const std::string& run_toml, const std::string& where);

}  // namespace headroom::cli
