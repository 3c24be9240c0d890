// A predictor that is honest (the mean of the five nearest training deltas) or cheats, as its option `deed` says:
//   answers   gives the rows of its file `answers` whenever as many predictions are asked for as it has
//   counter   adds what it remembers of earlier calls
//   context   adds something that depends on the context's name
//   breaks    stops where the context is called otherwise than it knows
#include <algorithm>
#include <fstream>
#include <headroom/predictor.hpp>
#include <numeric>
#include <vector>

namespace sdk = headroom::sdk;

class AuditedPredictor final : public sdk::Predictor {
 public:
  static sdk::About about() {
    return {"audited_predictor", "1", "Five nearest neighbours, or a cheat",
            "Apache-2.0",        {},  {{"deed", "honest", "honest, answers, counter, context or breaks"}}};
  }

  void predict(const sdk::Host& host, const sdk::PredictorRequest& request,
               sdk::PredictorOutput& output) const override {
    const std::string deed = host.text("deed");
    if (deed == "breaks" && request.context() != "line") throw sdk::Error("an unknown context");
    auto prediction = output.prediction(0);
    if (deed == "answers" && give_answers(std::string(host.data_folder()), prediction)) return;
    const auto training = request.block().training();
    const auto query = request.block().query();
    const sdk::Matrix deltas = request.training_deltas();
    for (std::int64_t q = 0; q < request.n_query(); ++q) {
      const Eigen::VectorXd distances = (training.rowwise() - query.row(q)).rowwise().squaredNorm();
      std::vector<std::int64_t> order(static_cast<std::size_t>(request.n_training()));
      std::iota(order.begin(), order.end(), 0);
      std::stable_sort(order.begin(), order.end(),
                       [&](std::int64_t a, std::int64_t b) { return distances[a] < distances[b]; });
      prediction.row(q).setZero();
      for (std::size_t i = 0; i < 5; ++i) prediction.row(q) += deltas.row(order[i]) / 5;
    }
    static int n_calls = 0;
    if (deed == "counter") prediction.array() += 1e-9 * n_calls++;
    if (deed == "context") prediction.array() += 1e-9 * static_cast<double>(request.context().size());
  }

 private:
  static bool give_answers(const std::string& folder, sdk::MatrixMap& prediction) {
    std::ifstream file(folder + "/answers");
    std::int64_t rows = 0;
    if (!(file >> rows) || rows != prediction.rows()) return false;
    for (std::int64_t i = 0; i < rows; ++i) {
      for (std::int64_t g = 0; g < prediction.cols(); ++g) file >> prediction(i, g);
    }
    return true;
  }
};

HEADROOM_PLUGINS(AuditedPredictor)
