// Whether a file of predicted cells may be handed in: the rules of an upload, or what a task or a real file asks for.
// Every finding names the place, the first offender, what was expected and what was found; nothing is repaired.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "cell_metrics/cell_panel.hpp"
#include "outcome/outcome.hpp"
#include "parallel/progress.hpp"
#include "parallel/thread_pool.hpp"

namespace headroom {

// What is asked of a prediction. Empty lists are not asked for.
struct PredictionRules {
  std::string source;  // "suite vcc2026", or a file, for the user
  std::vector<std::string> genes;
  struct Context {
    std::string name;
    std::vector<std::string> labels;   // ascending
    std::vector<std::size_t> n_cells;  // of the real cells; empty: unknown
  };
  std::vector<Context> contexts;
  std::vector<std::string> controls;          // labels of control rows
  bool controls_are_refused = false;          // else they are left out, and noted
  std::optional<std::size_t> cells_each;      // of every perturbation, exactly
  std::optional<double> largest_total;        // of a cell
  std::optional<std::uint64_t> most_entries;  // stored; a dense matrix counts its zeros
  bool counts_are_whole = true;
};

// An upload to the challenge: 400 cells of each perturbation, no control rows, whole counts, at most 10⁶ in a cell, at
// most 4.75·10⁹ stored entries.
PredictionRules upload_rules();

struct PredictionFinding {
  enum class Verdict { passed, noted, failed };
  std::string name;  // stable, kebab-case
  Verdict verdict = Verdict::passed;
  std::string place;  // "obs, column 'target_gene'", "var", "X"
  std::string first;  // the first offender
  std::string expected, found;
};

struct PredictionCheck {
  std::string path;
  std::vector<PredictionFinding> findings;  // in the order of the checks; what is not asked for has none
  bool passes() const;
  // The genes are the right ones in another order, or control rows are there: what can be put right without loss.
  bool can_be_fixed = false;
};

// Errors (bad_input): the file cannot be read as cells at all.
Result<PredictionCheck> check_prediction(const std::filesystem::path& path, const PredictionRules& rules,
                                         const CellPanelOptions& options, ThreadPool& pool, Progress& progress,
                                         std::stop_token stop);

}  // namespace headroom
