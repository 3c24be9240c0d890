#include "fusion/stack_weights.hpp"

#include <cmath>
#include <optional>

#include "fusion/nonnegative_search.hpp"

namespace headroom::fusion {
namespace {

using Eigen::VectorXd;

struct RowError {
  double error = 0;
  VectorXd gradient;  // by the weights
};

// √(uᵀQu) / Σ u over the row's predictions, u being the weights, with what is passed on. Nothing where it has none.
std::optional<RowError> row_error(const ErrorForms& forms, std::int64_t row, const VectorXd& weights) {
  const std::int64_t n = forms.n_predictions();
  std::int64_t n_has = 0;
  for (std::int64_t p = 0; p < n; ++p) n_has += forms.has(row, p) ? 1 : 0;
  if (n_has == 0) return std::nullopt;
  const double passed_on = n_has < n ? kPassedOn : 0.0;
  VectorXd u = weights.array() + passed_on * weights.sum();
  double sum = 0;
  for (std::int64_t p = 0; p < n; ++p) {
    if (!forms.has(row, p)) u[p] = 0;
    sum += u[p];
  }
  RowError result{0, VectorXd::Zero(n)};
  if (!(sum > 0)) return result;
  VectorXd product = VectorXd::Zero(n);  // Q u
  const double* form = forms.of(row);
  for (std::int64_t p = 0; p < n; form += ++p) {
    for (std::int64_t q = 0; q < p; ++q) {
      product[p] += form[q] * u[q];
      product[q] += form[q] * u[p];
    }
    product[p] += form[p] * u[p];
  }
  const double norm = std::sqrt(std::max(0.0, u.dot(product)));
  result.error = norm / sum;
  if (norm == 0) return result;
  for (std::int64_t p = 0; p < n; ++p) {
    if (forms.has(row, p)) result.gradient[p] = product[p] / (norm * sum) - norm / (sum * sum);
  }
  result.gradient.array() += passed_on * result.gradient.sum();
  return result;
}

}  // namespace

// The mean error depends on the weights' proportions alone; a term that is 0 where their sum is 1 fixes their size, and
// leaves a search over numbers that are not negative.
StackWeights stack_weights(const ErrorForms& forms) {
  constexpr SearchLimits kLimits{1e-13, 2000, 1e6};
  const auto n = static_cast<Eigen::Index>(forms.n_predictions());
  NonnegativeSearch search;
  search.at = VectorXd::Constant(n, 1.0 / static_cast<double>(n));
  const auto mean_error = [&](const VectorXd& weights, VectorXd& gradient) {
    gradient = VectorXd::Zero(n);
    double sum = 0;
    std::int64_t n_rows = 0;
    for (std::int64_t row = 0; row < forms.n_rows(); ++row) {
      const auto error = row_error(forms, row, weights);
      if (!error) continue;
      sum += error->error;
      gradient += error->gradient;
      ++n_rows;
    }
    if (n_rows == 0) return 0.0;
    gradient /= static_cast<double>(n_rows);
    return sum / static_cast<double>(n_rows);
  };
  VectorXd unused;
  const double scale = mean_error(search.at, unused);  // of equal weights
  search_nonnegative(
      [&](const VectorXd& weights, VectorXd& gradient) -> std::optional<double> {
        if (!(weights.sum() > 0)) return std::nullopt;
        const double error = mean_error(weights, gradient), excess = weights.sum() - 1;
        gradient.array() += scale * excess;
        return error + 0.5 * scale * excess * excess;
      },
      kLimits, search);
  StackWeights result;
  result.weights = search.at / search.at.sum();
  result.mean_error = mean_error(result.weights, unused);
  result.is_converged = search.is_converged;
  return result;
}

}  // namespace headroom::fusion
