// The head `lasso`: sparse linear regression, gene by gene.
#include <headroom/held_out_errors.hpp>
#include <headroom/predictor.hpp>

#include "heads/hyperparameters.hpp"
#include "heads/lasso.hpp"

namespace sdk = headroom::sdk;

class Lasso final : public sdk::Predictor {
 public:
  static sdk::About about() {
    return {"lasso", "1.0.0", "L1-penalised linear regression, gene by gene, solved to optimality", "Apache-2.0"};
  }
  static std::vector<sdk::Hyperparameter> hyperparameters() { return headroom::heads::lasso_hyperparameters(); }
  void predict(const sdk::Host& host, const sdk::PredictorRequest& request,
               sdk::PredictorOutput& output) const override {
    headroom::heads::predict_lasso(request, host.n_threads(), output);
  }
  static const void* extension(std::string_view id) { return sdk::held_out_errors<Lasso>(id); }
  void errors(const sdk::Host& host, const sdk::ErrorsRequest& request, sdk::ErrorsOutput& output) const {
    headroom::heads::lasso_errors(request, host.n_threads(), output);
  }
};

HEADROOM_PLUGINS(Lasso)
