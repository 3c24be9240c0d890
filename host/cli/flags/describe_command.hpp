// What was declared to CLI11, as data (command_description.hpp).
#pragma once

#include <CLI/CLI.hpp>

#include "cli/command_description.hpp"

namespace headroom::cli {

// Without what has no group: such commands and flags are no use to people.
CommandDescription describe(const CLI::App& command);

}  // namespace headroom::cli
