// The head `logistic`: softmax regression with a quadratic penalty, gene by gene, for tasks of classes.
#include <headroom/predictor.hpp>

#include "heads/hyperparameters.hpp"
#include "heads/logistic.hpp"

namespace sdk = headroom::sdk;

class Logistic final : public sdk::Predictor {
 public:
  static sdk::About about() {
    return {"logistic", "1.0.0", "L2-penalised softmax regression with balanced classes, gene by gene", "Apache-2.0"};
  }
  static std::vector<sdk::Hyperparameter> hyperparameters() { return headroom::heads::logistic_hyperparameters(); }
  static std::uint32_t task_kinds() { return HEADROOM_SUPPORTS_CLASSES; }
  void predict(const sdk::Host& host, const sdk::PredictorRequest& request,
               sdk::PredictorOutput& output) const override {
    headroom::heads::warn_of_unfinished(host, headroom::heads::predict_logistic(request, host.n_threads(), output));
  }
};

HEADROOM_PLUGINS(Logistic)
