#include "heads/centred_features.hpp"

#include <algorithm>
#include <vector>

#include "heads/panel_product.hpp"

namespace headroom::heads {

CentredFeatures centred_features(const sdk::ConstMatrixMap& training, const sdk::ConstMatrixMap& query) {
  const std::int64_t n = training.rows();
  const std::int64_t p = training.cols();
  CentredFeatures centred;
  centred.training_transposed = training.transpose();
  centred.query = query;
  const Eigen::VectorXd means = centred.training_transposed.rowwise().mean();
  centred.training_transposed.colwise() -= means;
  centred.query.rowwise() -= means.transpose();

  centred.gram.resize(p, p);
  std::vector<double> panel(static_cast<std::size_t>(n * kPanelWidth), 0.0);
  for (std::int64_t first = 0; first < p; first += kPanelWidth) {
    const std::int64_t width = std::min(kPanelWidth, p - first);
    for (std::int64_t j = 0; j < width; ++j) {
      for (std::int64_t i = 0; i < n; ++i) {
        panel[static_cast<std::size_t>(i * kPanelWidth + j)] = centred.training_transposed(first + j, i);
      }
    }
    PanelProduct product;
    product.left = centred.training_transposed.data();
    product.left_stride = n;
    product.rows = p;
    product.panel = panel.data();
    product.depth = n;
    product.out = centred.gram.data() + first;
    product.out_stride = p;
    product.width = width;
    panel_product(product);
  }
  return centred;
}

}  // namespace headroom::heads
