// One function a command: declares it with its flags, and has `command` call it. Arguments live as long as the command.
// They stand in declare_data.cpp, declare_runs.cpp, declare_shards.cpp, declare_results.cpp, declare_plugins.cpp and
// declare_documents.cpp.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

#include "cli/command_line.hpp"
#include "cli/flags/run_flags.hpp"
#include "cli/flags/score_flags.hpp"

namespace headroom::cli {

// What the command line chose: set by the callback of the one subcommand that was given.
using Command = std::function<Result<int>()>;

// Data: from nothing, from cells, and what a file holds.
void add_simulate_command(CLI::App& app, Command& command);
void add_prepare_command(CLI::App& app, Command& command);
void add_inspect_command(CLI::App& app, Command& command);

// Evaluations; `command_line` as it was typed, for the record.
void add_bounds_command(CLI::App& app, Command& command);
void add_run_command(CLI::App& app, Command& command, const std::string& command_line);
void add_score_command(CLI::App& app, Command& command, const std::string& command_line);
void add_verify_command(CLI::App& app, Command& command);

// Evaluations in parts.
void add_plan_command(CLI::App& app, Command& command, const std::string& command_line);
void add_merge_command(CLI::App& app, Command& command, const std::string& command_line);
void add_submit_command(CLI::App& app, Command& command, const std::string& command_line);
void add_status_command(CLI::App& app, Command& command);

// Results that are there.
void add_report_command(CLI::App& app, Command& command);
void add_leaderboard_command(CLI::App& app, Command& command);
void add_progress_command(CLI::App& app, Command& command);

// For authors of plugins.
void add_new_command(CLI::App& app, Command& command);
void add_check_command(CLI::App& app, Command& command);

// For who runs plugins of others.
void add_sandbox_command(CLI::App& app, Command& command);

// What the program writes of itself; `app` with all its commands must outlive the command.
void add_completion_command(CLI::App& app, Command& command);
void add_documents_command(CLI::App& app, Command& command);

// The flags alone, without what is done with them: run_settings.hpp reads them from a file.
// What a run and a plan of one have in common: the task and what is evaluated.
void add_study_flags(CLI::App& command, RunArguments& arguments, RunFlagTexts& texts);
CLI::App& declare_run(CLI::App& app, RunArguments& arguments, RunFlagTexts& texts);
CLI::App& declare_score(CLI::App& app, RunArguments& arguments, RunFlagTexts& texts, ScoreFlagTexts& score_texts);

}  // namespace headroom::cli
