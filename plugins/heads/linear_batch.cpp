#include "heads/linear_batch.hpp"

#include <algorithm>

#include "heads/distance.hpp"

namespace headroom::heads {

LinearBatch::LinearBatch(const TrainingDeltas& deltas, const CentredFeatures& features)
    : deltas_(deltas),
      features_(features),
      packed_(static_cast<std::size_t>(deltas.n_rows() * kPanelWidth)),
      correlations_(static_cast<std::size_t>(kPanels * features.gram.rows() * kPanelWidth)),
      means_(static_cast<std::size_t>(kPanels * kPanelWidth)) {}

void LinearBatch::load(std::int64_t batch) {
  first_panel_ = batch * kPanels;
  n_panels_ = std::min(kPanels, deltas_.n_panels() - first_panel_);
  const std::int64_t p = features_.gram.rows();
  for (std::int64_t panel = 0; panel < n_panels_; ++panel) {
    pack_centred_panel(deltas_, first_panel_ + panel, packed_.data(), means_.data() + panel * kPanelWidth);
    PanelProduct product;
    product.left = features_.training_transposed.data();
    product.left_stride = features_.training_transposed.cols();
    product.rows = p;
    product.panel = packed_.data();
    product.depth = deltas_.n_rows();
    product.out = correlations_.data() + panel * p * kPanelWidth;
    product.out_stride = kPanelWidth;
    panel_product(product);
  }
}

std::int64_t LinearBatch::width(std::int64_t panel) const { return panel_width(deltas_, first_panel_ + panel); }

std::int64_t LinearBatch::n_genes() const { return (n_panels_ - 1) * kPanelWidth + width(n_panels_ - 1); }

const double* LinearBatch::correlations(std::int64_t panel) const {
  return correlations_.data() + panel * features_.gram.rows() * kPanelWidth;
}

PanelProduct LinearBatch::prediction_of(std::int64_t panel, const sdk::Matrix& left, const double* weights,
                                        const std::vector<std::int32_t>* listed) const {
  PanelProduct product;
  product.left = left.data();
  product.left_stride = left.cols();
  product.rows = left.rows();
  product.panel = weights;
  product.depth = listed ? static_cast<std::int64_t>(listed->size()) : left.cols();
  product.depth_list = listed ? listed->data() : nullptr;
  product.bias = means_.data() + panel * kPanelWidth;
  product.width = width(panel);
  return product;
}

void LinearBatch::predict(std::int64_t panel, const sdk::Matrix& left, const double* weights,
                          const std::vector<std::int32_t>* listed, sdk::MatrixMap prediction) const {
  PanelProduct product = prediction_of(panel, left, weights, listed);
  product.out = prediction.data() + (first_panel_ + panel) * kPanelWidth;
  product.out_stride = prediction.outerStride();
  panel_product(product);
}

void LinearBatch::add_squared_errors(std::int64_t panel, const sdk::Matrix& left, const double* weights,
                                     const std::vector<std::int32_t>* listed, const HeldOutDeltas& truth,
                                     double* sums) {
  predicted_.resize(static_cast<std::size_t>(left.rows() * kPanelWidth));
  PanelProduct product = prediction_of(panel, left, weights, listed);
  product.out = predicted_.data();
  product.out_stride = kPanelWidth;
  panel_product(product);
  for (std::int64_t q = 0; q < left.rows(); ++q) {
    sums[q] += squared_distance(predicted_.data() + q * kPanelWidth,
                                truth.row(q) + (first_panel_ + panel) * kPanelWidth, product.width);
  }
}

}  // namespace headroom::heads
