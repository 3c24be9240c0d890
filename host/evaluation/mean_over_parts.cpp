#include "evaluation/mean_over_parts.hpp"

#include <algorithm>

namespace headroom {

FoldEvaluation mean_over_parts(const std::vector<FoldEvaluation>& parts) {
  FoldEvaluation mean = parts.front();
  for (std::size_t i = 1; i < parts.size(); ++i) {
    const FoldEvaluation& part = parts[i];
    if (part.status != Status::ok) return part;
    if (mean.status != Status::ok) return mean;
    for (std::size_t m = 0; m < mean.metric_values.size(); ++m) mean.metric_values[m] += part.metric_values[m];
    mean.whole.values += part.whole.values;
    mean.whole.covered_values += part.whole.covered_values;
    mean.whole.resampled += part.whole.resampled;
    mean.wall_s += part.wall_s;
    mean.cpu_s += part.cpu_s;
    mean.peak_memory_bytes = std::max(mean.peak_memory_bytes, part.peak_memory_bytes);
  }
  const auto n_parts = static_cast<double>(parts.size());
  for (Vector& values : mean.metric_values) values /= n_parts;
  mean.whole.values /= n_parts;
  mean.whole.covered_values /= n_parts;
  mean.whole.resampled /= n_parts;
  return mean;
}

}  // namespace headroom
