// What is predicted, with all that follows from it: how predictions are scored and chosen, what stands where there is
// none, and which nulls and ceilings it has. Whoever plans, evaluates or reports takes these from the target and never
// asks which one it is.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "matrix/matrix.hpp"
#include "protocol/metrics.hpp"
#include "task/task.hpp"

namespace headroom {

// A null that predicts the same row for every test perturbation (protocol sections 5 and 8).
struct ConstantNull {
  std::string name;
  RowVector (*predict)(const TruthCache& truth);  // genes
};

// What one method takes from the noise table: a quantile of every metric, or further columns (protocol section 6).
struct NoiseMethod {
  std::string name;                     // as --ceiling and results call it
  double quantile_lower_is_better = 0;  // of the draws' scores
  double quantile_higher_is_better = 0;
  std::string column;                 // empty: quantiles; else the column with its L2, and COLUMN_METRIC where it is
  bool is_published_ceiling = false;  // a cheater even where it is not in the ceiling; others are references then
};

struct Target {
  std::string name;                          // "lfc"
  std::size_t n_planes = 1;                  // numbers a head predicts per row and gene
  std::vector<Metric> metrics;               // evaluated unless others are asked for; the first is the primary one
  std::vector<ConstantNull> constant_nulls;  // in the order in which they are reported
  std::vector<NoiseMethod> noise_methods;    // likewise
  std::vector<std::string> protocol_heads;   // whose nulls and idealized cheater the protocol takes for bounds

  // One value per metric and test perturbation.
  std::vector<Vector> (*score)(const ConstMatrixRef& predictions, const TruthCache& truth,
                               std::span<const Metric> metrics);
  // What stands for a test perturbation without a vector or a prediction: genes.
  RowVector (*stand_in)(const TruthCache& truth);
  // By how much a head's prediction of rows misses; the inner selection takes the setting with the least.
  double (*inner_error)(const ConstMatrixRef& prediction, const ConstMatrixRef& truths, const RowIndex& truth_rows);
};

// Log fold changes: deltas of mean expression (protocol sections 1 to 7).
const Target& lfc_target();

// What the task holds.
const Target& target_of(const Task& task);

}  // namespace headroom
