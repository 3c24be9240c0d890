// The perturbation's mean in other contexts; where it is measured nowhere, the mean of the query's own context, or of
// all. Plus a share of the context's control profile.
#include <headroom/predictor.hpp>

namespace sdk = headroom::sdk;

class InContexts final : public sdk::Predictor {
 public:
  static sdk::About about() { return {"contexts", "1.0.0", "Mean of the perturbation elsewhere", "Apache-2.0"}; }
  static std::vector<sdk::Hyperparameter> hyperparameters() {
    return {{"control", "share of the control profile that is added", {0, 0.5}, 0, 1}};
  }
  static sdk::BlockCount blocks() { return {1, 0}; }
  static bool uses_contexts() { return true; }

  void predict(const sdk::Host&, const sdk::PredictorRequest& request, sdk::PredictorOutput& output) const override {
    const sdk::ConstMatrixMap profiles = request.contexts().control_profiles();
    for (std::int64_t q = 0; q < request.n_query(); ++q) {
      // How well a training row suits: 2 the same perturbation, 1 the same context, 0 neither.
      const auto kinship = [&](std::int64_t i) {
        if (request.training_perturbation(i) == request.query_perturbation(q)) return 2;
        return request.training_context_number(i) == request.query_context_number(q) ? 1 : 0;
      };
      int closest = 0;
      for (std::int64_t i = 0; i < request.n_training(); ++i) closest = std::max(closest, kinship(i));
      Eigen::RowVectorXd mean = Eigen::RowVectorXd::Zero(request.n_genes());
      double n = 0;
      for (std::int64_t i = 0; i < request.n_training(); ++i) {
        if (kinship(i) != closest) continue;
        mean += request.training_delta(i);
        n += 1;
      }
      mean /= n;
      for (std::int64_t s = 0; s < request.n_settings(); ++s) {
        output.prediction(s).row(q) = mean;
        if (profiles.rows() == 0) continue;
        output.prediction(s).row(q) += request.setting(s, 0) * profiles.row(request.query_context_number(q));
      }
    }
  }
};

HEADROOM_PLUGINS(InContexts)
