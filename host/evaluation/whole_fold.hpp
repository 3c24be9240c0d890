// Scores of a fold whose value is computed from all of its test rows together: as it is, on the covered rows, and in
// every resample, which cannot be had later from values of single rows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evaluation/run_results.hpp"
#include "matrix/matrix.hpp"
#include "plan/target.hpp"

namespace headroom {

// `covered`: per test row. `resample_counts`: test rows × resamples. The target has a score_fold.
WholeFoldScores score_whole_fold(const Target& target, const ConstMatrixRef& predictions, const SplitTruth& truth,
                                 std::span<const Metric> metrics, const std::vector<std::uint8_t>& covered,
                                 const Matrix& resample_counts);

}  // namespace headroom
