// One call of a head on random data, with everything allocated before it is timed.
#pragma once

#include <Eigen/QR>
#include <cstdint>
#include <numeric>
#include <vector>

#include "benchmarks/random_matrices.hpp"
#include "headroom/predictor.hpp"

namespace headroom {

// Rows × features that are centred and orthogonal, as principal-component scores of the training rows are.
inline Matrix orthogonal_features(Eigen::Index rows, Eigen::Index features, std::uint32_t seed) {
  Matrix x = normal_matrix(rows, features, seed);
  x.rowwise() -= x.colwise().mean().eval();
  const Eigen::HouseholderQR<Matrix> qr(x);
  Matrix q = qr.householderQ() * Matrix::Identity(rows, features);
  for (Eigen::Index j = 0; j < features; ++j) q.col(j) *= 40.0 / (1.0 + 0.2 * static_cast<double>(j));
  return q;
}

class HeadCall {
 public:
  // training: training rows × features, query: query rows × the same; deltas: training rows × genes; settings: one
  // hyperparameter each. n_classes above 0: `deltas` holds class numbers.
  HeadCall(Matrix training, Matrix query, Matrix deltas, const std::vector<double>& settings, int n_classes = 0)
      : training_(std::move(training)), query_(std::move(query)), deltas_(std::move(deltas)), n_classes_(n_classes) {
    const auto n = static_cast<Eigen::Index>(settings.size());
    settings_ = Eigen::Map<const Matrix>(settings.data(), n, 1);  // a fusion that has none does not look at it
    predictions_.assign(settings.size() * static_cast<std::size_t>(n_planes()),
                        Matrix::Zero(query_.rows(), deltas_.cols()));
    for (Matrix& out : predictions_) outputs_.push_back({out.data(), out.rows(), out.cols(), out.cols()});
    feasible_.assign(settings.size(), 1);
  }
  // One more block of the same rows, for fusions.
  void add_block(Matrix training, Matrix query) {
    further_training_.push_back(std::move(training));
    further_query_.push_back(std::move(query));
  }
  HeadCall(const HeadCall&) = delete;
  HeadCall& operator=(const HeadCall&) = delete;

  // head(request, threads, output)
  template <class Head>
  void run(const Head& head, int n_threads = 1) {
    const auto view = [](const Matrix& m) { return headroom_matrix{m.data(), m.rows(), m.cols(), m.cols()}; };
    std::vector<headroom_block> blocks(1 + further_training_.size(), headroom_block{});
    std::vector<const headroom_block*> pointers;
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      blocks[b].struct_size = sizeof(headroom_block);
      blocks[b].training = view(b == 0 ? training_ : further_training_[b - 1]);
      blocks[b].query = view(b == 0 ? query_ : further_query_[b - 1]);
      pointers.push_back(&blocks[b]);
    }
    std::vector<std::int32_t> numbers(static_cast<std::size_t>(training_.rows() + query_.rows()));
    std::iota(numbers.begin(), numbers.end(), 0);
    headroom_predictor_request request{};
    request.struct_size = sizeof(request);
    request.n_planes = n_planes();
    request.blocks = pointers.data();
    request.n_blocks = static_cast<std::int64_t>(blocks.size());
    request.training_perturbations = numbers.data();
    request.query_perturbations = numbers.data() + training_.rows();
    request.n_perturbations = static_cast<std::int64_t>(numbers.size());
    request.delta_rows = view(deltas_);
    request.n_training = training_.rows();
    request.n_query = query_.rows();
    request.settings = view(settings_);
    const std::vector<headroom_string> classes(static_cast<std::size_t>(n_classes_), headroom_string{"class", 5});
    if (n_classes_ > 0) {
      request.task_kind = HEADROOM_TASK_CLASSES;
      request.classes = classes.data();
      request.n_classes = n_classes_;
    }
    headroom_predictor_output output{};
    output.struct_size = sizeof(output);
    output.predictions = outputs_.data();
    output.feasible = feasible_.data();
    sdk::PredictorOutput out(output, n_planes());
    head(sdk::PredictorRequest(request), n_threads, out);
  }

  // One a setting, of classes one a setting and class.
  const std::vector<Matrix>& predictions() const { return predictions_; }

 private:
  int n_planes() const { return n_classes_ > 0 ? n_classes_ : 1; }

  Matrix training_, query_, deltas_, settings_;
  std::vector<Matrix> further_training_, further_query_;
  int n_classes_;
  std::vector<Matrix> predictions_;
  std::vector<headroom_matrix_mut> outputs_;
  std::vector<std::uint8_t> feasible_;
};

}  // namespace headroom
