#include "cells/fold_noise.hpp"

#include <map>

#include "deg/class_metrics.hpp"
#include "deg/label_trials.hpp"

namespace headroom {
namespace {

FoldNoise noise_of_fold(const DegLabels& labels, const RowIndex& tests) {
  const ClassMatrix truth = labels.labels(tests, Eigen::all).array() + std::int8_t{1};
  const Matrix once = Matrix::Ones(truth.rows(), 1);
  std::array<std::vector<double>, kFoldNoiseMetrics.size()> of_trials;
  for (int trial = 0; trial < labels.trials->n_trials(); ++trial) {
    const Matrix planes = certain_planes(labels.trials->labels(trial, tests));
    const Matrix values = class_metrics_of_fold(planes, truth, kFoldNoiseMetrics, once);
    for (std::size_t m = 0; m < of_trials.size(); ++m) of_trials[m].push_back(values(static_cast<Eigen::Index>(m), 0));
  }
  FoldNoise noise;
  for (std::size_t q = 0; q < kNoiseQuantiles.size(); ++q) {
    for (std::size_t m = 0; m < of_trials.size(); ++m) {
      noise.quantiles[q][m] = nearest_quantile(of_trials[m], kNoiseQuantiles[q]);
    }
  }
  return noise;
}

}  // namespace

std::vector<FoldNoise> fold_noise(const CellGroups& groups, const std::vector<std::uint32_t>& rows,
                                  const std::vector<DegLabels>& labels, const PreparedFolds& folds) {
  std::vector<FoldNoise> noise;
  std::size_t first = 0;  // of the context's rows
  for (const DegLabels& of_context : labels) {
    std::map<std::string, RowIndex> tests;
    for (std::size_t i = 0; i < of_context.has_labels.size(); ++i) {
      const std::string& fold = folds.of_row[first + i];
      if (folds.some_are_only_trained_on && fold == kTrainedOn) continue;
      if (of_context.has_labels[i]) tests[fold].push_back(static_cast<std::int32_t>(i));
    }
    for (const auto& [fold, rows_of_fold] : tests) {
      FoldNoise of_fold = noise_of_fold(of_context, rows_of_fold);
      of_fold.context = groups.contexts[groups.groups[rows[first]].context];
      of_fold.fold = fold;
      noise.push_back(std::move(of_fold));
    }
    first += of_context.has_labels.size();
  }
  return noise;
}

}  // namespace headroom
