// Which rows of a task are read and what its columns are called, and how it is split into what is trained on and
// tested.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "cli/command_line.hpp"

namespace headroom::cli {

// Heading "What the task's columns are called, and which part of it".
void add_task_flags(CLI::App& command, TaskArguments& task);

// The family of splits, and what it is made with; under the heading that stands.
void add_family_flags(CLI::App& command, std::optional<std::string>& family, SplitRequest& split);

}  // namespace headroom::cli
