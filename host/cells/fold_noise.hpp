// How well the labels of resampled cells match the labels, fold by fold: for readers of noise.csv. Bounds and intervals
// come from the trials themselves, which the task keeps, whatever its folds.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "cells/cell_groups.hpp"
#include "cells/draw_metrics.hpp"
#include "cells/prepared_folds.hpp"
#include "protocol/metrics.hpp"
#include "task/deg_labels.hpp"

namespace headroom {

inline constexpr std::array kFoldNoiseMetrics = {Metric::F1, Metric::precision, Metric::recall, Metric::ROC_AUC,
                                                 Metric::AP};
// Their names: metric_name() is linked to linear algebra, which the confined reader of cells must do without.
inline constexpr std::array kFoldNoiseColumns = {"F1", "precision", "recall", "ROC_AUC", "AP"};

struct FoldNoise {
  std::string context, fold;
  // Of the trials' values, by the nearest of them (protocol section 8); NaN: undefined.
  std::array<std::array<double, kFoldNoiseMetrics.size()>, kNoiseQuantiles.size()> quantiles;
};

// One for each context and fold that tests perturbations with labels. `rows`: of the task, as groups; `labels`: one a
// context that has rows, with trials; `folds`: one for each row.
std::vector<FoldNoise> fold_noise(const CellGroups& groups, const std::vector<std::uint32_t>& rows,
                                  const std::vector<DegLabels>& labels, const PreparedFolds& folds);

}  // namespace headroom
