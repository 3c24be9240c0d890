// Softmax regressions of many genes on the same features, each solved to its optimum for a descending list of
// penalties.
#pragma once

#include <cstdint>
#include <vector>

#include "headroom/predictor.hpp"

namespace headroom::heads {

// The features of the training rows about their means, with a last column of ones for the bias.
struct LogisticFeatures {
  sdk::Matrix training;             // training rows × features + 1
  sdk::Matrix training_transposed;  // features + 1 × training rows
  sdk::Matrix squares;              // features + 1 × training rows: squares of the above
  std::vector<double> means;        // features + 1; the last is 0
  double largest = 0.0;             // |feature|, before the mean was taken off

  std::int64_t n_rows() const { return training.rows(); }
  std::int64_t n_features() const { return training.cols(); }  // with the bias
};

LogisticFeatures logistic_features(const sdk::Matrix& training);

// The labels of one gene with two or three classes present.
struct GeneClasses {
  std::vector<std::uint8_t> classes;  // one a training row: the number among the present classes, ascending
  std::vector<double> weights;        // one a present class, of each of its rows; their sum over all rows is 1
};

// Minimises, for each gene g and each penalty λ, Σ_i w_i CE_i + λ ‖W‖² over weights W and a free bias. The solution is
// given in scores (softmax_lanes.hpp): of_genes[g][p] is n_features × (present classes - 1), row-major, for penalty p.
// All genes have the same number of present classes. penalties: descending. At a solution no derivative by a weight or
// a bias exceeds kLogisticGradient or, with features beyond 1e4, what rounding leaves of it: 1e-11 of the largest
// feature. A gene's numbers do not depend on the others.
inline constexpr double kLogisticGradient = 9e-8;

struct Solutions {
  std::vector<std::vector<std::vector<double>>> of_genes;
  // Fits, of genes and penalties, that were given up on the way: features of a scale at which the penalty is as good as
  // none have no optimum within reach.
  std::int64_t n_unfinished = 0;
};

Solutions solve_logistic(const LogisticFeatures& features, const std::vector<GeneClasses>& genes,
                         const std::vector<double>& penalties, int n_threads);

}  // namespace headroom::heads
