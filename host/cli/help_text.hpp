// What --help prints: usage, arguments, options by group, examples; in lines of at most 100 columns.
#pragma once

#include <string>

#include "cli/command_description.hpp"

namespace headroom::cli {

inline constexpr std::size_t kHelpColumns = 100;

// `command` may be the program itself, which lists its commands.
std::string help_text(const CommandDescription& command, const std::string& program);

}  // namespace headroom::cli
