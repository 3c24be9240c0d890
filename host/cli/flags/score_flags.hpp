// The flags of score alone: finished predictions, and what their rows are.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.hpp"
#include "cli/suite_command.hpp"

namespace headroom::cli {

// What CLI11 collects as text before it is read as values.
struct ScoreFlagTexts {
  std::vector<std::string> predictions;
  std::string predicted = "deltas", values;
  std::optional<double> target_sum;
  // Two files of cells instead of a task.
  std::optional<std::filesystem::path> real;
  std::string suite, baseline = "tile", ceiling;
  std::vector<std::string> metrics;  // those of the run's flags, where cells are compared by a suite
  bool calibration = false;
};

// With the footer of the command.
void add_score_flags(CLI::App& command, ScoreFlagTexts& texts);

// Appends the predictions to those of the run. Errors: flags that contradict each other, a prediction without a path.
Result<void> read_score_flags(const ScoreFlagTexts& texts, RunArguments& arguments);

// The flags of two files; `arguments` as the run's flags were read.
Result<SuiteArguments> suite_arguments(const ScoreFlagTexts& texts, const RunArguments& arguments);

}  // namespace headroom::cli
