// The flags of score alone: finished predictions, and what their rows are.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.hpp"

namespace headroom::cli {

// What CLI11 collects as text before it is read as values.
struct ScoreFlagTexts {
  std::vector<std::string> predictions;
  std::string predicted = "deltas", values;
  std::optional<double> target_sum;
};

// With the footer of the command.
void add_score_flags(CLI::App& command, ScoreFlagTexts& texts);

// Appends the predictions to those of the run. Errors: flags that contradict each other, a prediction without a path.
Result<void> read_score_flags(const ScoreFlagTexts& texts, RunArguments& arguments);

}  // namespace headroom::cli
