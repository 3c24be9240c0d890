// The fusion `concat:knn`: all blocks of features side by side, then the head `knn` (protocol section 9).
#include <headroom/held_out_errors.hpp>
#include <headroom/predictor.hpp>

#include "fusion/joined_blocks.hpp"
#include "heads/hyperparameters.hpp"
#include "heads/knn.hpp"

namespace fusion = headroom::fusion;
namespace heads = headroom::heads;
namespace sdk = headroom::sdk;

class ConcatKnn final : public sdk::Predictor {
 public:
  static sdk::About about() {
    return {"concat-knn", "1.0.0", "Uniform mean of the k nearest neighbours' deltas in all blocks side by side",
            "Apache-2.0"};
  }
  static std::vector<sdk::Hyperparameter> hyperparameters() { return heads::knn_hyperparameters(); }
  static sdk::BlockCount blocks() { return {1, 0}; }
  void predict(const sdk::Host& host, const sdk::PredictorRequest& request,
               sdk::PredictorOutput& output) const override {
    fusion::predict_joined(request, output, [&](const sdk::PredictorRequest& joined, sdk::PredictorOutput& out) {
      heads::predict_knn(joined, host.n_threads(), out);
    });
  }
  static const void* extension(std::string_view id) { return sdk::held_out_errors<ConcatKnn>(id); }
  void errors(const sdk::Host&, const sdk::ErrorsRequest& request, sdk::ErrorsOutput& output) const {
    fusion::joined_errors(request, output, [](const sdk::ErrorsRequest& joined, sdk::ErrorsOutput& out) {
      heads::knn_errors(joined, out);
    });
  }
};

HEADROOM_PLUGINS(ConcatKnn)
