// The same task, told two ways: the mean of the training deltas, or how often each class is among the labels.
#include <headroom/predictor.hpp>

namespace sdk = headroom::sdk;

class TaskKind final : public sdk::Predictor {
 public:
  static sdk::About about() { return {"task_kind", "1.0.0", "Training mean, or class frequencies", "Apache-2.0"}; }
  static sdk::BlockCount blocks() { return {1, 0}; }
  static std::uint32_t task_kinds() { return HEADROOM_SUPPORTS_REGRESSION | HEADROOM_SUPPORTS_CLASSES; }

  void predict(const sdk::Host&, const sdk::PredictorRequest& request, sdk::PredictorOutput& output) const override {
    std::vector<Eigen::RowVectorXd> sums(static_cast<std::size_t>(request.n_planes()),
                                         Eigen::RowVectorXd::Zero(request.n_genes()));
    double n = 0;
    for (std::int64_t i = 0; i < request.n_training(); ++i) {
      if (!request.training_labelled(i)) continue;
      n += 1;
      if (request.task_kind() == HEADROOM_TASK_REGRESSION) {
        sums[0] += request.training_delta(i);
        continue;
      }
      for (std::int64_t gene = 0; gene < request.n_genes(); ++gene) {
        sums[static_cast<std::size_t>(request.training_class(i, gene))](gene) += 1;
      }
    }
    for (std::int64_t s = 0; s < request.n_settings(); ++s) {
      for (std::int32_t plane = 0; plane < request.n_planes(); ++plane) {
        output.prediction(s, plane).rowwise() = sums[static_cast<std::size_t>(plane)] / n;
      }
    }
  }
};

HEADROOM_PLUGINS(TaskKind)
