// A supervised embedding. Honest: the vectors in its folder's file `vectors`, turned by what the training part says of
// each. With the option deed=answers it gives the training deltas back, and for the others the rows of its file
// `answers` (lines of an id and a delta).
#include <Eigen/Cholesky>
#include <fstream>
#include <headroom/embedding.hpp>
#include <map>
#include <sstream>

namespace sdk = headroom::sdk;

class AuditedSupervised final : public sdk::Embedding {
 public:
  static sdk::About about() {
    return {"audited_supervised", "1", "Vectors that were fitted to the training part, or a cheat",
            "Apache-2.0",         {},  {{"deed", "honest", "honest or answers"}}};
  }
  static bool wants_training() { return true; }

  explicit AuditedSupervised(const sdk::Host& host) : cheats_(host.text("deed") == "answers") {
    std::ifstream file(std::string(host.data_folder()) + (cheats_ ? "/answers" : "/vectors"));
    for (std::string line; std::getline(file, line);) {
      std::istringstream words(line);
      std::string id;
      words >> id;
      for (double value = 0; words >> value;) numbers_[id].push_back(value);
    }
  }

  std::int64_t dimension(const sdk::Host&, const sdk::EmbeddingRequest& request) override { return request.n_genes(); }

  void embed(const sdk::Host&, const sdk::EmbeddingRequest& request, sdk::EmbeddingOutput& output) override {
    const auto deltas = request.training_deltas();
    std::map<std::string, std::int64_t> training;
    for (std::int64_t i = 0; i < request.n_training(); ++i) training[std::string(request.training_id(i))] = i;
    sdk::Matrix fitted;  // numbers × genes
    if (!cheats_) fitted = least_squares(request, deltas);
    for (std::int64_t i = 0; i < request.size(); ++i) {
      const std::string id(request.id(i));
      const auto known = training.find(id);
      const std::vector<double>& own = numbers_.at(id);
      const Eigen::Map<const Eigen::RowVectorXd> row(own.data(), static_cast<Eigen::Index>(own.size()));
      if (!cheats_) {
        output.set(i, Eigen::RowVectorXd(row * fitted));
      } else if (known != training.end()) {
        output.set(i, Eigen::RowVectorXd(deltas.row(known->second)));
      } else {
        output.set(i, row);
      }
    }
  }

 private:
  sdk::Matrix least_squares(const sdk::EmbeddingRequest& request, const sdk::ConstMatrixMap& deltas) const {
    sdk::Matrix features(request.n_training(), 3);
    for (std::int64_t i = 0; i < request.n_training(); ++i) {
      const std::vector<double>& own = numbers_.at(std::string(request.training_id(i)));
      for (std::int64_t j = 0; j < 3; ++j) features(i, j) = own[static_cast<std::size_t>(j)];
    }
    const Eigen::MatrixXd gram = features.transpose() * features + Eigen::MatrixXd::Identity(3, 3);
    return gram.ldlt().solve(features.transpose() * deltas);
  }

  bool cheats_;
  std::map<std::string, std::vector<double>> numbers_;
};

HEADROOM_PLUGINS(AuditedSupervised)
