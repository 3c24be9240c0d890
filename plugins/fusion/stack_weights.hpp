// Weights of several predictions, not negative and with the sum 1, that minimise the mean L2 error of the rows
// (protocol section 9). A prediction that a row lacks passes its weight on to the row's others.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <vector>

namespace headroom::fusion {

// The squared error of each row as a quadratic form of the weights: entry (p, q) is the inner product over genes of the
// errors of predictions p and q, zero where the row lacks one of them.
class ErrorForms {
 public:
  ErrorForms(std::int64_t n_rows, std::int64_t n_predictions)
      : n_rows_(n_rows),
        n_predictions_(n_predictions),
        forms_(static_cast<std::size_t>(n_rows * n_predictions * (n_predictions + 1) / 2), 0.0),
        has_(static_cast<std::size_t>(n_rows * n_predictions), 0) {}

  std::int64_t n_rows() const { return n_rows_; }
  std::int64_t n_predictions() const { return n_predictions_; }
  // The lower triangle of a row's form, row by row.
  double* of(std::int64_t row) { return forms_.data() + row * n_predictions_ * (n_predictions_ + 1) / 2; }
  const double* of(std::int64_t row) const { return forms_.data() + row * n_predictions_ * (n_predictions_ + 1) / 2; }
  bool has(std::int64_t row, std::int64_t prediction) const {
    return has_[static_cast<std::size_t>(row * n_predictions_ + prediction)] != 0;
  }
  void set_has(std::int64_t row, std::int64_t prediction) {
    has_[static_cast<std::size_t>(row * n_predictions_ + prediction)] = 1;
  }

 private:
  std::int64_t n_rows_, n_predictions_;
  std::vector<double> forms_;
  std::vector<std::uint8_t> has_;
};

// How far a prediction without weight still counts where a row lacks another: a share of the sum of weights, so that a
// row whose predictions all have none is their plain mean.
inline constexpr double kPassedOn = 1e-6;

// The weights in effect for a row that has these predictions (has(p) for each): they sum to 1, or are all 0 where it
// has none.
template <class Has>
Eigen::VectorXd weights_of_row(const Eigen::VectorXd& weights, const Has& has) {
  Eigen::VectorXd own = weights;
  bool lacks = false;
  for (Eigen::Index p = 0; p < own.size(); ++p) lacks = lacks || !has(p);
  if (lacks) own.array() += kPassedOn * weights.sum();
  for (Eigen::Index p = 0; p < own.size(); ++p) {
    if (!has(p)) own[p] = 0;
  }
  const double sum = own.sum();
  if (sum > 0) own /= sum;
  return own;
}

struct StackWeights {
  Eigen::VectorXd weights;  // one per prediction; equal where no row has any
  double mean_error = 0;    // mean over the rows that have a prediction of the L2 norm of the error
  bool is_converged = true;
};

StackWeights stack_weights(const ErrorForms& forms);

}  // namespace headroom::fusion
