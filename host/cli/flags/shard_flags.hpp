// Flags of what is evaluated in parts: which part a process does, of which plan.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>

#include "cli/command_line.hpp"

namespace headroom::cli {

struct ShardFlagTexts {
  std::filesystem::path plan;  // empty: no part of a plan
  std::string shard;
};

void add_shard_flags(CLI::App& command, ShardFlagTexts& texts);

// CLI11's errors: flags beside --plan that the plan itself says, and a task that is not named.
void refuse_flags_of_plan(const CLI::App& command);
void require_task(const RunArguments& arguments);

// `run`: the flags of the machine and of where results go.
Result<int> run_shard_of(const RunArguments& run, const ShardFlagTexts& texts);

}  // namespace headroom::cli
