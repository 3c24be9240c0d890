// How far ceilings miss that are predicted from a part of a screen's cells. What they should be is what a second screen
// scores: of a simulated truth another draw, of a real screen the other half of its cells.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ceilings/screen.hpp"
#include "outcome/outcome.hpp"
#include "parallel/thread_pool.hpp"

namespace headroom::ceilings {

// A screen with second screens of the same truth, at the depth that ceilings are wanted for.
struct Replicated {
  std::string name;
  std::vector<std::pair<Screen, Screen>> pairs;  // a screen, and one to score as its prediction; several to average
  std::optional<Screen> deep;                    // of the same truth, so deep that it counts as free of noise
};

// `n_seconds` draws for one first screen.
Replicated replicated(const std::string& name, const SimulatedTruth& truth, int n_seconds);
// `n_splits` pairs of halves: the depth that is wanted is half of the screen's.
Replicated replicated(const std::string& name, const Screen& screen, int n_splits, std::uint64_t seed);

// One ceiling in one way from one part of the cells.
struct CeilingError {
  // level: "cells" or "deltas"; control: "own", "shared", or "none" of a second screen that is free of noise.
  std::string screen, level, metric, control, way;
  double cells = 1;                    // share of the cells that the ceiling was made of
  double expected = 0, predicted = 0;  // what second screens score, and the ceiling
  double null = 0;                     // what knows nothing of the perturbation scores

  // In shares of the gap between the null and what is expected; 0 of a gap of 0.
  double error_of_gap() const;
};

struct BacktestOptions {
  std::vector<double> fractions{1, 0.5, 0.25};  // of the cells
  int n_draws = 4;                              // simulated screens of each ceiling
  std::uint64_t seed = 1;
};

// Of the cell-level metrics, against second screens from the first one's control.
Result<std::vector<CeilingError>> backtest_cells(const Replicated& screen, const BacktestOptions& options,
                                                 ThreadPool& pool);

// Of the deltas' metrics. `folder`: for files of cells and the tasks made of them.
Result<std::vector<CeilingError>> backtest_deltas(const Replicated& screen, const BacktestOptions& options,
                                                  const std::filesystem::path& folder, ThreadPool& pool);

// By level, metric, control and way: the median size of the error in shares of the gap over screens and parts of the
// cells, and the median of the error itself.
struct Accuracy {
  std::string level, metric, control, way;
  std::size_t n = 0;
  double size = 0, signed_error = 0;
};
std::vector<Accuracy> accuracy_of(const std::vector<CeilingError>& errors);

}  // namespace headroom::ceilings
