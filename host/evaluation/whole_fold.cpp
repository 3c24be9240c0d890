#include "evaluation/whole_fold.hpp"

namespace headroom {

WholeFoldScores score_whole_fold(const Target& target, const ConstMatrixRef& predictions, const SplitTruth& truth,
                                 std::span<const Metric> metrics, const std::vector<std::uint8_t>& covered,
                                 const Matrix& resample_counts) {
  // One walk over the predictions serves all: every row once, the covered ones once, each resample.
  const Eigen::Index n_tests = resample_counts.rows(), n_resamples = resample_counts.cols();
  Matrix weights(n_tests, 2 + n_resamples);
  weights.col(0).setOnes();
  for (Eigen::Index i = 0; i < n_tests; ++i) weights(i, 1) = covered[static_cast<std::size_t>(i)] ? 1 : 0;
  weights.rightCols(n_resamples) = resample_counts;
  const Matrix values = target.score_fold(predictions, truth, metrics, weights);
  return {values.col(0), values.col(1), values.rightCols(n_resamples)};
}

}  // namespace headroom
