// What becomes of the weights that a linear head finds for a panel of genes: predictions, or their errors.
#pragma once

#include "heads/held_out_errors.hpp"
#include "heads/linear_batch.hpp"

namespace headroom::heads {

class LinearTarget {
 public:
  virtual ~LinearTarget() = default;
  // prediction = ȳ + left · weights, as LinearBatch::predict has it, for one setting. Called from several threads, each
  // with batches of its own.
  virtual void take(LinearBatch& batch, std::int64_t panel, std::int64_t setting, const sdk::Matrix& left,
                    const double* weights, const std::vector<std::int32_t>* listed) = 0;
};

// Writes predictions out.
class PredictionTarget final : public LinearTarget {
 public:
  explicit PredictionTarget(sdk::PredictorOutput& output) : output_(output) {}
  void take(LinearBatch& batch, std::int64_t panel, std::int64_t setting, const sdk::Matrix& left,
            const double* weights, const std::vector<std::int32_t>* listed) override {
    batch.predict(panel, left, weights, listed, output_.prediction(setting));
  }

 private:
  sdk::PredictorOutput& output_;
};

// Adds their squared errors up.
class ErrorTarget final : public LinearTarget {
 public:
  explicit ErrorTarget(HeldOutErrors& errors) : errors_(errors) {}
  void take(LinearBatch& batch, std::int64_t panel, std::int64_t setting, const sdk::Matrix& left,
            const double* weights, const std::vector<std::int32_t>* listed) override {
    batch.add_squared_errors(panel, left, weights, listed, errors_.deltas(), errors_.sums(batch.number(), setting));
  }

 private:
  HeldOutErrors& errors_;
};

}  // namespace headroom::heads
