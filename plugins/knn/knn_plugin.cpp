// The head `knn`: the mean of the nearest training perturbations' deltas.
#include <headroom/held_out_errors.hpp>
#include <headroom/predictor.hpp>

#include "heads/hyperparameters.hpp"
#include "heads/knn.hpp"

namespace sdk = headroom::sdk;

class Knn final : public sdk::Predictor {
 public:
  static sdk::About about() {
    return {"knn", "1.0.0", "Uniform mean of the k nearest neighbours' deltas (Euclidean)", "Apache-2.0"};
  }
  static std::vector<sdk::Hyperparameter> hyperparameters() { return headroom::heads::knn_hyperparameters(); }
  void predict(const sdk::Host& host, const sdk::PredictorRequest& request,
               sdk::PredictorOutput& output) const override {
    headroom::heads::predict_knn(request, host.n_threads(), output);
  }
  static const void* extension(std::string_view id) { return sdk::held_out_errors<Knn>(id); }
  void errors(const sdk::Host&, const sdk::ErrorsRequest& request, sdk::ErrorsOutput& output) const {
    headroom::heads::knn_errors(request, output);
  }
};

HEADROOM_PLUGINS(Knn)
