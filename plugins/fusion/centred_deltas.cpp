#include "fusion/centred_deltas.hpp"

#include <algorithm>
#include <vector>

#include "fusion/dense_product.hpp"
#include "heads/panel_threads.hpp"

namespace headroom::fusion {

CentredDeltas centred_deltas(const sdk::PredictorRequest& request) {
  CentredDeltas deltas;
  deltas.values = request.training_deltas();
  deltas.mean = Eigen::RowVectorXd::Zero(request.n_genes());
  for (std::int64_t i = 0; i < request.n_training(); ++i) deltas.mean += deltas.values.row(i);
  deltas.mean /= static_cast<double>(request.n_training());
  deltas.values.rowwise() -= deltas.mean;
  return deltas;
}

void write_predictions(const sdk::PredictorRequest& request, const CentredDeltas& deltas, const sdk::Matrix& left,
                       int n_threads, sdk::PredictorOutput& output) {
  const std::int64_t n_genes = request.n_genes(), n_panels = (n_genes + heads::kPanelWidth - 1) / heads::kPanelWidth;
  heads::on_threads(n_threads, n_panels, [&](heads::PanelCounter& counter) {
    std::vector<double> panel(static_cast<std::size_t>(left.cols() * heads::kPanelWidth));
    std::vector<double> mean(static_cast<std::size_t>(heads::kPanelWidth));
    for (std::int64_t p = counter.next(); p < n_panels; p = counter.next()) {
      const std::int64_t first = p * heads::kPanelWidth, width = std::min(heads::kPanelWidth, n_genes - first);
      pack_columns(deltas.values.data(), n_genes, left.cols(), first, width, panel.data());
      std::copy_n(deltas.mean.data() + first, width, mean.begin());
      for (std::int64_t s = 0; s < request.n_settings(); ++s) {
        sdk::MatrixMap prediction = output.prediction(s);
        heads::PanelProduct product;
        product.left = left.data();
        product.left_stride = left.cols();
        product.rows = left.rows();
        product.panel = panel.data();
        product.depth = left.cols();
        product.bias = mean.data();
        product.out = prediction.data() + first;
        product.out_stride = prediction.outerStride();
        product.width = width;
        heads::panel_product(product);
      }
    }
  });
}

}  // namespace headroom::fusion
