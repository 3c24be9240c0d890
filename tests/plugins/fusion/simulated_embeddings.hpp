// Simulated embeddings that each see another part of what the deltas depend on, as blocks of one call.
#pragma once

#include <utility>
#include <vector>

#include "plugins/predictor_call.hpp"

namespace headroom::testing {

struct SimulatedScreen {
  sdk::Matrix factors;  // training and query rows × latent factors
  sdk::Matrix deltas;   // training and query rows × genes
  std::int64_t n_training = 0;

  // Three thirds of the factors with some noise, and noise alone.
  std::pair<sdk::Matrix, sdk::Matrix> third(int number, std::uint64_t seed) const {
    const Eigen::Index width = factors.cols() / 3;
    const sdk::Matrix features =
        factors.middleCols(number * width, width) + 0.3 * random_matrix(factors.rows(), width, seed);
    return split(features);
  }
  std::pair<sdk::Matrix, sdk::Matrix> noise(std::uint64_t seed) const {
    return split(random_matrix(factors.rows(), factors.cols() / 3, seed));
  }
  std::pair<sdk::Matrix, sdk::Matrix> split(const sdk::Matrix& features) const {
    return {features.topRows(n_training), features.bottomRows(features.rows() - n_training)};
  }
  // The call that a fusion of these blocks gets.
  PredictorCall call(const std::vector<std::pair<sdk::Matrix, sdk::Matrix>>& blocks) const {
    PredictorCall made;
    made.training = blocks.front().first;
    made.query = blocks.front().second;
    for (std::size_t b = 1; b < blocks.size(); ++b) {
      made.further_blocks.push_back({blocks[b].first, blocks[b].second, {}, {}});
    }
    made.delta_rows = deltas.topRows(n_training);
    made.settings = sdk::Matrix::Zero(1, 0);
    return made;
  }
  // What share of the train mean's error a prediction of the queries closes.
  double closed(const sdk::Matrix& prediction) const {
    const sdk::Matrix truth = deltas.bottomRows(deltas.rows() - n_training);
    const Eigen::RowVectorXd mean = deltas.topRows(n_training).colwise().mean();
    return 1 - (prediction - truth).rowwise().norm().mean() / (truth.rowwise() - mean).rowwise().norm().mean();
  }
};

inline SimulatedScreen simulated_screen(std::int64_t n_training, std::int64_t n_query, std::int64_t n_genes) {
  SimulatedScreen screen;
  screen.n_training = n_training;
  screen.factors = random_matrix(n_training + n_query, 12, 71);
  screen.deltas = screen.factors * random_matrix(12, n_genes, 72) + random_matrix(n_training + n_query, n_genes, 73);
  return screen;
}

}  // namespace headroom::testing
