// The head `logistic`: softmax regression with a quadratic penalty, gene by gene, for tasks of classes.
#include <headroom/predictor.hpp>
#include <string>

#include "heads/logistic.hpp"

namespace sdk = headroom::sdk;

class Logistic final : public sdk::Predictor {
 public:
  static sdk::About about() {
    return {"logistic", "1.0.0", "L2-penalised softmax regression with balanced classes, gene by gene", "Apache-2.0"};
  }
  static std::vector<sdk::Hyperparameter> hyperparameters() {
    return {{"C", "inverse of the L2 penalty on all genes' weights together", {1, 1e3, 1e5, 1e7}, 1e-6, 1e9}};
  }
  static std::uint32_t task_kinds() { return HEADROOM_SUPPORTS_CLASSES; }
  void predict(const sdk::Host& host, const sdk::PredictorRequest& request,
               sdk::PredictorOutput& output) const override {
    const std::int64_t n_unfinished = headroom::heads::predict_logistic(request, host.n_threads(), output);
    if (n_unfinished == 0) return;
    host.warn(std::to_string(n_unfinished) +
              " fits of a gene and a C did not reach their optimum: standardise the features");
  }
};

HEADROOM_PLUGINS(Logistic)
