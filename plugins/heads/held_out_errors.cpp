#include "heads/held_out_errors.hpp"

#include <cmath>

#include "heads/training_deltas.hpp"

namespace headroom::heads {

HeldOutDeltas held_out_deltas(const sdk::ErrorsRequest& request) {
  HeldOutDeltas deltas;
  deltas.data = request.predictor().c().delta_rows.data;
  deltas.row_stride = request.predictor().c().delta_rows.row_stride;
  for (std::int64_t q = 0; q < request.predictor().n_query(); ++q) {
    deltas.rows.push_back(static_cast<std::int32_t>(request.query_row(q)));
  }
  return deltas;
}

HeldOutErrors::HeldOutErrors(const sdk::ErrorsRequest& request, std::int64_t n_batches)
    : deltas_(held_out_deltas(request)),
      n_batches_(n_batches),
      n_settings_(request.predictor().n_settings()),
      n_query_(request.predictor().n_query()),
      sums_(static_cast<std::size_t>(n_batches_ * n_settings_ * n_query_), 0.0) {}

void HeldOutErrors::write(const sdk::ErrorsRequest& request, sdk::ErrorsOutput& output) const {
  sdk::MatrixMap errors = output.errors();
  for (std::int64_t s = 0; s < n_settings_; ++s) {
    for (std::int64_t q = 0; q < n_query_; ++q) {
      double sum = 0.0;
      for (std::int64_t b = 0; b < n_batches_; ++b) {
        sum += sums_[static_cast<std::size_t>((b * n_settings_ + s) * n_query_ + q)];
      }
      errors(s, q) = std::sqrt(sum);
    }
  }
  write_errors_of_absent_queries(request, output);
}

void write_errors_of_absent_queries(const sdk::ErrorsRequest& request, sdk::ErrorsOutput& output) {
  const sdk::Block block = request.predictor().block();
  Eigen::RowVectorXd mean;
  for (std::int64_t q = 0; q < request.predictor().n_query(); ++q) {
    if (block.query_present(q)) continue;
    if (mean.size() == 0) mean = mean_training_delta(request.predictor());
    output.errors().col(q).setConstant((mean - request.query_delta(q)).norm());
  }
}

}  // namespace headroom::heads
