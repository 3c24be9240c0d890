// The head `ridge`: linear regression with a quadratic penalty, gene by gene.
#include <headroom/held_out_errors.hpp>
#include <headroom/predictor.hpp>

#include "heads/hyperparameters.hpp"
#include "heads/ridge.hpp"

namespace sdk = headroom::sdk;

class Ridge final : public sdk::Predictor {
 public:
  static sdk::About about() { return {"ridge", "1.0.0", "L2-penalised linear regression, gene by gene", "Apache-2.0"}; }
  static std::vector<sdk::Hyperparameter> hyperparameters() { return headroom::heads::ridge_hyperparameters(); }
  void predict(const sdk::Host& host, const sdk::PredictorRequest& request,
               sdk::PredictorOutput& output) const override {
    headroom::heads::predict_ridge(request, host.n_threads(), output);
  }
  static const void* extension(std::string_view id) { return sdk::held_out_errors<Ridge>(id); }
  void errors(const sdk::Host& host, const sdk::ErrorsRequest& request, sdk::ErrorsOutput& output) const {
    headroom::heads::ridge_errors(request, host.n_threads(), output);
  }
};

HEADROOM_PLUGINS(Ridge)
