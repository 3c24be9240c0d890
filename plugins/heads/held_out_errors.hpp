// The errors of predictions for held-out training rows (headroom/held_out_errors.h), summed up gene batch by gene batch
// without the predictions being kept.
#pragma once

#include <cstdint>
#include <vector>

#include "headroom/held_out_errors.hpp"

namespace headroom::heads {

// The deltas of the queries: query row i is shared row rows[i].
struct HeldOutDeltas {
  const double* data = nullptr;  // shared rows × genes
  std::int64_t row_stride = 0;
  std::vector<std::int32_t> rows;

  const double* row(std::int64_t query) const { return data + rows[static_cast<std::size_t>(query)] * row_stride; }
};

HeldOutDeltas held_out_deltas(const sdk::ErrorsRequest& request);

// Sums are kept per batch of genes and added in the batches' order, so that the number of threads does not show.
class HeldOutErrors {
 public:
  HeldOutErrors(const sdk::ErrorsRequest& request, std::int64_t n_batches);

  const HeldOutDeltas& deltas() const { return deltas_; }
  // Squared errors of one batch and setting so far: one number a query row. Each is one thread's to write.
  double* sums(std::int64_t batch, std::int64_t setting) {
    return sums_.data() + (batch * n_settings_ + setting) * n_query_;
  }
  // The norms, for all settings; queries without features get the error of the mean over all training rows, as
  // predict_absent_queries() predicts them.
  void write(const sdk::ErrorsRequest& request, sdk::ErrorsOutput& output) const;

 private:
  HeldOutDeltas deltas_;
  std::int64_t n_batches_, n_settings_, n_query_;
  std::vector<double> sums_;  // batches × settings × query rows
};

// Errors of queries without features, in every setting.
void write_errors_of_absent_queries(const sdk::ErrorsRequest& request, sdk::ErrorsOutput& output);

}  // namespace headroom::heads
