// The flags of run, score and bounds: what is evaluated, how it is split, the protocol, plugins. They are declared and
// read in two steps, for what they say together can be judged only when all are there.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.hpp"

namespace headroom::cli {

// What CLI11 collects as text before it is read as values.
struct RunFlagTexts {
  std::vector<std::string> embeddings, predictors = {"knn", "lasso"}, grids, sets, metrics, groups;
  std::vector<std::string> fusions, fusion_predictors = {"stack", "kernels"};
  std::string ceiling = std::string(kCeilingIdealized) + "," + kCeilingSamplingError;
  std::string nulls = fmt::format("{}", fmt::join(kDeltaNulls, ","));
  std::string bounds = kBoundsOfEssay;
  std::optional<std::filesystem::path> split_file;
  std::optional<std::string> split_family;
  std::string combine;
  std::string excluded_targets = std::string(exclusion_name(ExcludedTargets::as_published));
  CLI::Option *ceiling_flag = nullptr, *nulls_flag = nullptr;
  std::string sandbox = "strict", limit_memory;
  double limit_time_s = 0, limit_total_s = 0;
};

void add_run_flags(CLI::App& command, RunArguments& arguments, RunFlagTexts& texts);

// Of run alone: several embeddings as one model.
void add_fusion_flags(CLI::App& command, RunOptions& run, RunFlagTexts& texts);

// What --bounds means for --ceiling and --nulls where these are not given; run.toml then repeats it.
void settle_bounds(RunFlagTexts& texts);

// Into `arguments`, once. Errors name the flag and what it takes.
Result<void> read_run_flags(const RunFlagTexts& texts, RunArguments& arguments);

}  // namespace headroom::cli
