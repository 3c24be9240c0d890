// Completion of commands, flags and their values for bash and zsh, as scripts that need no run of the program.
#pragma once

#include <string>

#include "cli/command_description.hpp"

namespace headroom::cli {

// For share/bash-completion/completions/PROGRAM, or to be sourced.
std::string bash_completion(const CommandDescription& program);

// For a folder of zsh's fpath, as _PROGRAM.
std::string zsh_completion(const CommandDescription& program);

}  // namespace headroom::cli
