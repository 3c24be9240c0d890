// Classes alone, however many: a plane each, of class frequencies with one further row of every class.
#include <headroom/predictor.hpp>

namespace sdk = headroom::sdk;

class NPlanes final : public sdk::Predictor {
 public:
  static sdk::About about() {
    return {"n_planes", "1.0.0", "Class frequencies with one further row of every class", "Apache-2.0"};
  }
  static sdk::BlockCount blocks() { return {1, 0}; }
  static std::uint32_t task_kinds() { return HEADROOM_SUPPORTS_CLASSES; }

  void predict(const sdk::Host&, const sdk::PredictorRequest& request, sdk::PredictorOutput& output) const override {
    sdk::Matrix counts = sdk::Matrix::Ones(request.n_classes(), request.n_genes());
    for (std::int64_t i = 0; i < request.n_training(); ++i) {
      if (!request.training_labelled(i)) continue;
      for (std::int64_t gene = 0; gene < request.n_genes(); ++gene) counts(request.training_class(i, gene), gene) += 1;
    }
    const Eigen::RowVectorXd n = counts.colwise().sum();
    for (std::int64_t s = 0; s < request.n_settings(); ++s) {
      for (std::int32_t plane = 0; plane < request.n_planes(); ++plane) {
        output.prediction(s, plane).rowwise() = Eigen::RowVectorXd(counts.row(plane).array() / n.array());
      }
    }
  }
};

HEADROOM_PLUGINS(NPlanes)
