// The training deltas of one call as the heads read them: a few genes of all rows at a time, packed into one panel.
#pragma once

#include <cstdint>
#include <vector>

#include "headroom/predictor.hpp"
#include "heads/panel_product.hpp"

namespace headroom::heads {

struct TrainingDeltas {
  const double* data = nullptr;  // shared rows × genes
  std::int64_t row_stride = 0;
  std::int64_t n_genes = 0;
  std::vector<std::int32_t> rows;  // training row i is shared row rows[i]

  std::int64_t n_rows() const { return static_cast<std::int64_t>(rows.size()); }
  std::int64_t n_panels() const { return (n_genes + kPanelWidth - 1) / kPanelWidth; }
};

// Training rows of a request, without those that the block has no features of.
TrainingDeltas present_training_deltas(const sdk::PredictorRequest& request);

// Genes that panel number `panel` holds: kPanelWidth, fewer in the last.
std::int64_t panel_width(const TrainingDeltas& deltas, std::int64_t panel);

// Copies a panel: training rows × kPanelWidth, contiguous; columns past the last gene are zero.
void pack_panel(const TrainingDeltas& deltas, std::int64_t panel, double* packed);

// The same less the means over the training rows, which go to `means` (kPanelWidth numbers).
void pack_centred_panel(const TrainingDeltas& deltas, std::int64_t panel, double* packed, double* means);

// The mean over all training rows of the request: genes.
Eigen::RowVectorXd mean_training_delta(const sdk::PredictorRequest& request);

// Query rows without features are predicted as the mean over all training rows of the request (protocol section 3).
void predict_absent_queries(const sdk::PredictorRequest& request, sdk::PredictorOutput& output);

}  // namespace headroom::heads
