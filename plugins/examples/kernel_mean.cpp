// A predictor plugin in C++: the mean of all training deltas, weighted by similarity (Nadaraya-Watson regression).
#include <headroom/predictor.hpp>

namespace sdk = headroom::sdk;

class KernelMean final : public sdk::Predictor {
 public:
  static sdk::About about() {
    return {"kernel_mean", "1.0.0", "Mean of the training deltas with Gaussian weights", "Apache-2.0"};
  }
  static std::vector<sdk::Hyperparameter> hyperparameters() {
    return {{"bandwidth", "width of the weights, in units of a typical distance", {0.25, 0.5, 1.0}, 1e-3, 1e3}};
  }

  void predict(const sdk::Host&, const sdk::PredictorRequest& request, sdk::PredictorOutput& output) const override {
    const auto training = request.block().training();  // training rows × features
    const auto query = request.block().query();        // query rows × features
    const sdk::Matrix deltas = request.training_deltas();
    for (std::int64_t q = 0; q < request.n_query(); ++q) {
      const Eigen::VectorXd squared = (training.rowwise() - query.row(q)).rowwise().squaredNorm();
      const double typical = std::max(squared.mean(), 1e-300);
      for (std::int64_t s = 0; s < request.n_settings(); ++s) {
        const double width = request.setting(s, 0);
        // The nearest row's weight is 1, so the sum is never 0.
        const Eigen::ArrayXd scaled = (squared.array() - squared.minCoeff()) / (2 * width * width * typical);
        const Eigen::VectorXd weights = (-scaled).exp();
        output.prediction(s).row(q).noalias() = weights.transpose() * deltas / weights.sum();
      }
    }
  }
};

HEADROOM_PLUGINS(KernelMean)
