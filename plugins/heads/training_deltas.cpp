#include "heads/training_deltas.hpp"

#include <algorithm>
#include <cstring>

namespace headroom::heads {

TrainingDeltas present_training_deltas(const sdk::PredictorRequest& request) {
  TrainingDeltas deltas;
  deltas.data = request.c().delta_rows.data;
  deltas.row_stride = request.c().delta_rows.row_stride;
  deltas.n_genes = request.n_genes();
  deltas.rows.reserve(static_cast<std::size_t>(request.n_training()));
  const sdk::Block block = request.block();
  for (std::int64_t i = 0; i < request.n_training(); ++i) {
    if (block.training_present(i)) deltas.rows.push_back(static_cast<std::int32_t>(request.training_row(i)));
  }
  return deltas;
}

std::int64_t panel_width(const TrainingDeltas& deltas, std::int64_t panel) {
  return std::min(kPanelWidth, deltas.n_genes - panel * kPanelWidth);
}

void pack_panel(const TrainingDeltas& deltas, std::int64_t panel, double* packed) {
  // A row's piece is 512 bytes a page or more away from the next: the hardware does not see the pattern in time.
  constexpr std::size_t rows_ahead = 12;
  const std::size_t width = static_cast<std::size_t>(panel_width(deltas, panel));
  const double* from = deltas.data + panel * kPanelWidth;
  const std::size_t n = deltas.rows.size();
  for (std::size_t i = 0; i < n; ++i) {
    if (i + rows_ahead < n) {
      const double* next = from + deltas.rows[i + rows_ahead] * deltas.row_stride;
      for (std::size_t j = 0; j < width; j += 8) __builtin_prefetch(next + j);
    }
    double* to = packed + static_cast<std::int64_t>(i) * kPanelWidth;
    std::memcpy(to, from + deltas.rows[i] * deltas.row_stride, width * sizeof(double));
    if (width < kPanelWidth) std::memset(to + width, 0, (kPanelWidth - width) * sizeof(double));
  }
}

void pack_centred_panel(const TrainingDeltas& deltas, std::int64_t panel, double* packed, double* means) {
  pack_panel(deltas, panel, packed);
  std::fill(means, means + kPanelWidth, 0.0);
  const std::int64_t n = deltas.n_rows();
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < kPanelWidth; ++j) means[j] += packed[i * kPanelWidth + j];
  }
  for (std::int64_t j = 0; j < kPanelWidth; ++j) means[j] /= static_cast<double>(n);
  for (std::int64_t i = 0; i < n; ++i) {
    for (std::int64_t j = 0; j < kPanelWidth; ++j) packed[i * kPanelWidth + j] -= means[j];
  }
}

Eigen::RowVectorXd mean_training_delta(const sdk::PredictorRequest& request) {
  Eigen::RowVectorXd mean = Eigen::RowVectorXd::Zero(request.n_genes());
  for (std::int64_t i = 0; i < request.n_training(); ++i) mean += request.training_delta(i);
  return mean / static_cast<double>(request.n_training());
}

void predict_absent_queries(const sdk::PredictorRequest& request, sdk::PredictorOutput& output) {
  const sdk::Block block = request.block();
  Eigen::RowVectorXd mean;
  for (std::int64_t q = 0; q < request.n_query(); ++q) {
    if (block.query_present(q)) continue;
    if (mean.size() == 0) mean = mean_training_delta(request);
    for (std::int64_t s = 0; s < request.n_settings(); ++s) output.prediction(s).row(q) = mean;
  }
}

}  // namespace headroom::heads
