// Commands on predicted cells beside real ones: score by a suite, and check of a prediction.
#pragma once

#include <filesystem>
#include <optional>

#include "cli/command_line.hpp"
#include "outcome/outcome.hpp"
#include "suite/compare_cells.hpp"

namespace headroom::cli {

struct SuiteArguments {
  CommonArguments common;
  std::filesystem::path real;  // cells; empty: `task`, whose folder keeps what is needed of them
  std::filesystem::path task, predictions, out;
  bool with_card = true;            // the members on the suite's scale
  bool with_other_metrics = false;  // printed as well: those of options.metrics, which are always in summary.json
  CompareOptions options;
};

// Writes summary.json, suite_perturbations.csv and report.html into `out`, and prints the card.
Result<int> compare_two_files(const SuiteArguments& arguments);

struct PredictionCheckArguments {
  CommonArguments common;
  std::filesystem::path prediction;
  std::optional<std::filesystem::path> against, real;
  bool is_upload = false;  // the rules of the suite
  std::optional<std::filesystem::path> write_fixed;
  CellPanelOptions options;
};

// One named check a line.
Result<int> check_predicted_cells(const PredictionCheckArguments& arguments);

}  // namespace headroom::cli
