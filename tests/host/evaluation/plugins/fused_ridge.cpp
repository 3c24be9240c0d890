// A predictor of several blocks: ridge on all of them side by side, absent rows as zeros; of classes the frequencies
// among the training rows, with one row of each class added. It tells the same weight for
// every block, its penalty and a leave-one-out error of 0.5. As its option `deed` says, it also
//   looks   stops where a number of its file `forbidden` (doubles, one after the other) is anywhere in what it is given
//   crashes stops its process
//   counts  stops unless every row is marked as present in at least one block, and zero exactly where it is not
#include <Eigen/Cholesky>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <headroom/predictor.hpp>
#include <set>
#include <vector>

namespace sdk = headroom::sdk;

namespace {

std::uint64_t bits_of(double value) {
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

class Lookout {
 public:
  explicit Lookout(const std::string& folder) {
    std::ifstream file(folder + "/forbidden", std::ios::binary);
    for (double value = 0; file.read(reinterpret_cast<char*>(&value), sizeof(value));)
      forbidden_.insert(bits_of(value));
    if (forbidden_.empty()) throw sdk::Error("nothing to look for");
  }
  void look(const char* where, const sdk::ConstMatrixMap& matrix) const {
    // The padding behind each row as well: all that lies in the memory.
    for (Eigen::Index i = 0; i < matrix.rows(); ++i) {
      const Eigen::Index width = i + 1 < matrix.rows() ? matrix.outerStride() : matrix.cols();
      for (Eigen::Index j = 0; j < width; ++j) {
        if (forbidden_.count(bits_of(matrix.data()[i * matrix.outerStride() + j])) > 0) {
          throw sdk::Error(std::string("a forbidden number in ") + where);
        }
      }
    }
  }

 private:
  std::set<std::uint64_t> forbidden_;
};

void check_marks(const sdk::PredictorRequest& request) {
  for (const bool is_query : {false, true}) {
    const std::int64_t n = is_query ? request.n_query() : request.n_training();
    for (std::int64_t i = 0; i < n; ++i) {
      bool any = false;
      for (std::int64_t b = 0; b < request.n_blocks(); ++b) {
        const sdk::Block block = request.block(b);
        const bool present = is_query ? block.query_present(i) : block.training_present(i);
        const bool is_zero = (is_query ? block.query().row(i) : block.training().row(i)).isZero(0);
        if (present == is_zero) throw sdk::Error(present ? "a present row is zero" : "an absent row is not zero");
        any |= present;
      }
      if (!any) throw sdk::Error("a row is in no block");
    }
  }
}

}  // namespace

class FusedRidge final : public sdk::Predictor {
 public:
  static sdk::About about() {
    return {"fused_ridge", "1", "Ridge on all blocks side by side",
            "Apache-2.0",  {},  {{"deed", "honest", "honest, looks, counts or crashes"}}};
  }
  static sdk::BlockCount blocks() { return {1, 3}; }
  static std::uint32_t task_kinds() { return HEADROOM_SUPPORTS_REGRESSION | HEADROOM_SUPPORTS_CLASSES; }
  static std::vector<sdk::Hyperparameter> hyperparameters() { return {{"alpha", "penalty", {1}, 1e-9, 1e9}}; }

  void predict(const sdk::Host& host, const sdk::PredictorRequest& request,
               sdk::PredictorOutput& output) const override {
    const std::string deed = host.text("deed");
    if (deed == "looks") {
      const Lookout lookout{std::string(host.data_folder())};
      lookout.look("the deltas", request.delta_rows());
      for (std::int64_t b = 0; b < request.n_blocks(); ++b) {
        lookout.look("training features", request.block(b).training());
        lookout.look("query features", request.block(b).query());
      }
    }
    if (deed == "counts") check_marks(request);
    if (deed == "crashes") std::abort();
    if (request.n_classes() > 0) return predict_frequencies(request, output);
    std::int64_t width = 0;
    for (std::int64_t b = 0; b < request.n_blocks(); ++b) width += request.block(b).training().cols();
    sdk::Matrix training(request.n_training(), width), query(request.n_query(), width);
    for (std::int64_t b = 0, at = 0; b < request.n_blocks(); at += request.block(b++).training().cols()) {
      training.middleCols(at, request.block(b).training().cols()) = request.block(b).training();
      query.middleCols(at, request.block(b).query().cols()) = request.block(b).query();
      host.tell_weight(b, "linear", 1.0 / static_cast<double>(request.n_blocks()));
    }
    sdk::Matrix deltas = request.training_deltas();
    const Eigen::RowVectorXd mean = deltas.colwise().mean();
    deltas.rowwise() -= mean;
    for (std::int64_t s = 0; s < request.n_settings(); ++s) {
      Eigen::MatrixXd normal = training.transpose() * training;
      normal.diagonal().array() += request.setting(s, 0);
      const Eigen::MatrixXd coefficients = normal.llt().solve(training.transpose() * deltas);
      output.prediction(s) = (query * coefficients).rowwise() + mean;
      host.tell_value("lambda", request.setting(s, 0));
      host.tell_value("loo_L2", 0.5);
    }
  }

 private:
  static void predict_frequencies(const sdk::PredictorRequest& request, sdk::PredictorOutput& output) {
    for (std::int64_t gene = 0; gene < request.n_genes(); ++gene) {
      std::vector<double> counts(static_cast<std::size_t>(request.n_classes()), 1);
      for (std::int64_t i = 0; i < request.n_training(); ++i) {
        counts[static_cast<std::size_t>(request.training_class(i, gene))] += 1;
      }
      for (std::int32_t plane = 0; plane < request.n_planes(); ++plane) {
        const double share = counts[static_cast<std::size_t>(plane)] /
                             static_cast<double>(request.n_training() + request.n_classes());
        output.prediction(0, plane).col(gene).setConstant(share);
      }
    }
  }
};

HEADROOM_PLUGINS(FusedRidge)
