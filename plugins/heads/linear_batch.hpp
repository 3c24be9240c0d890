// What lasso and ridge share: correlations of centred deltas with centred features, a few panels of genes at a time,
// and predictions from weights.
#pragma once

#include <cstdint>
#include <vector>

#include "heads/centred_features.hpp"
#include "heads/held_out_errors.hpp"
#include "heads/panel_product.hpp"
#include "heads/training_deltas.hpp"

namespace headroom::heads {

// Panels of genes whose correlations are held at once. Features × kPanelWidth per panel, contiguous, so that weights in
// the same layout are the right side of a panel_product.
class LinearBatch {
 public:
  static constexpr std::int64_t kPanels = 4;

  LinearBatch(const TrainingDeltas& deltas, const CentredFeatures& features);

  static std::int64_t n_batches(const TrainingDeltas& deltas) { return (deltas.n_panels() + kPanels - 1) / kPanels; }

  // Computes correlations and means of the panels of one batch.
  void load(std::int64_t batch);

  std::int64_t number() const { return first_panel_ / kPanels; }  // of the loaded batch
  std::int64_t n_panels() const { return n_panels_; }             // 1 to kPanels
  std::int64_t width(std::int64_t panel) const;                   // genes in it
  std::int64_t n_genes() const;                                   // in all panels of the batch
  const double* correlations(std::int64_t panel) const;  // Zᵀ(Y - ȳ): features × kPanelWidth
  // prediction(query, gene) = ȳ + left · weights, left: query rows × features. listed: the features whose weights are
  // not all zero, or null for all.
  void predict(std::int64_t panel, const sdk::Matrix& left, const double* weights,
               const std::vector<std::int32_t>* listed, sdk::MatrixMap prediction) const;
  // The same prediction, not kept: its squared distance from the truth over the panel's genes is added to `sums` (one
  // number a query row).
  void add_squared_errors(std::int64_t panel, const sdk::Matrix& left, const double* weights,
                          const std::vector<std::int32_t>* listed, const HeldOutDeltas& truth, double* sums);

 private:
  PanelProduct prediction_of(std::int64_t panel, const sdk::Matrix& left, const double* weights,
                             const std::vector<std::int32_t>* listed) const;

  const TrainingDeltas& deltas_;
  const CentredFeatures& features_;
  std::int64_t first_panel_ = 0;
  std::int64_t n_panels_ = 0;
  std::vector<double> packed_;        // training rows × kPanelWidth
  std::vector<double> correlations_;  // kPanels × features × kPanelWidth
  std::vector<double> means_;         // kPanels × kPanelWidth
  std::vector<double> predicted_;     // query rows × kPanelWidth
};

}  // namespace headroom::heads
