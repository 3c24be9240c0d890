// One call of a head on random data, with everything allocated before it is timed.
#pragma once

#include <Eigen/QR>
#include <cstdint>
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
  // hyperparameter each.
  HeadCall(Matrix training, Matrix query, Matrix deltas, const std::vector<double>& settings)
      : training_(std::move(training)), query_(std::move(query)), deltas_(std::move(deltas)) {
    const auto n = static_cast<Eigen::Index>(settings.size());
    settings_ = Eigen::Map<const Matrix>(settings.data(), n, 1);
    predictions_.assign(settings.size(), Matrix::Zero(query_.rows(), deltas_.cols()));
    for (Matrix& out : predictions_) outputs_.push_back({out.data(), out.rows(), out.cols(), out.cols()});
    feasible_.assign(settings.size(), 1);
  }
  HeadCall(const HeadCall&) = delete;
  HeadCall& operator=(const HeadCall&) = delete;

  // head(request, threads, output)
  template <class Head>
  void run(const Head& head) {
    const auto view = [](const Matrix& m) { return headroom_matrix{m.data(), m.rows(), m.cols(), m.cols()}; };
    headroom_block block{};
    block.struct_size = sizeof(block);
    block.training = view(training_);
    block.query = view(query_);
    const headroom_block* blocks[] = {&block};
    headroom_predictor_request request{};
    request.struct_size = sizeof(request);
    request.n_planes = 1;
    request.blocks = blocks;
    request.n_blocks = 1;
    request.delta_rows = view(deltas_);
    request.n_training = training_.rows();
    request.n_query = query_.rows();
    request.settings = view(settings_);
    headroom_predictor_output output{};
    output.struct_size = sizeof(output);
    output.predictions = outputs_.data();
    output.feasible = feasible_.data();
    sdk::PredictorOutput out(output, 1);
    head(sdk::PredictorRequest(request), 1, out);
  }

 private:
  Matrix training_, query_, deltas_, settings_;
  std::vector<Matrix> predictions_;
  std::vector<headroom_matrix_mut> outputs_;
  std::vector<std::uint8_t> feasible_;
};

}  // namespace headroom
