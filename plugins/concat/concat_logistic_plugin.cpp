// The fusion `concat:logistic`: all blocks of features side by side, then the head `logistic` (protocol section 9).
#include <headroom/predictor.hpp>

#include "fusion/joined_blocks.hpp"
#include "heads/hyperparameters.hpp"
#include "heads/logistic.hpp"

namespace fusion = headroom::fusion;
namespace heads = headroom::heads;
namespace sdk = headroom::sdk;

class ConcatLogistic final : public sdk::Predictor {
 public:
  static sdk::About about() {
    return {"concat-logistic", "1.0.0",
            "L2-penalised softmax regression with balanced classes on all blocks side by side", "Apache-2.0"};
  }
  static std::vector<sdk::Hyperparameter> hyperparameters() { return heads::logistic_hyperparameters(); }
  static sdk::BlockCount blocks() { return {1, 0}; }
  static std::uint32_t task_kinds() { return HEADROOM_SUPPORTS_CLASSES; }
  void predict(const sdk::Host& host, const sdk::PredictorRequest& request,
               sdk::PredictorOutput& output) const override {
    fusion::predict_joined(request, output, [&](const sdk::PredictorRequest& joined, sdk::PredictorOutput& out) {
      heads::warn_of_unfinished(host, heads::predict_logistic(joined, host.n_threads(), out));
    });
  }
};

HEADROOM_PLUGINS(ConcatLogistic)
