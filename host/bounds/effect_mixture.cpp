#include "bounds/effect_mixture.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

namespace headroom {
namespace {

constexpr Eigen::Index kMostGenesFitted = 1000;
constexpr int kMostIterations = 200;
constexpr double kConverged = 1e-4;     // change of every weight
constexpr double kGridRatio = 2;        // of variances
constexpr double kLeastOfErrors = 0.1;  // smallest standard deviation, in smallest errors
constexpr Eigen::Index kMostComponents = 30;

std::vector<Eigen::Index> genes_fitted(const RowVector& error) {
  std::vector<Eigen::Index> with_error;
  for (Eigen::Index g = 0; g < error.size(); ++g) {
    if (error[g] > 0) with_error.push_back(g);
  }
  const auto n = static_cast<Eigen::Index>(with_error.size());
  if (n <= kMostGenesFitted) return with_error;
  std::vector<Eigen::Index> some;
  for (Eigen::Index i = 0; i < kMostGenesFitted; ++i) {
    some.push_back(with_error[static_cast<std::size_t>(i * n / kMostGenesFitted)]);
  }
  return some;
}

// 0, then a geometric grid up to twice the largest excess over the error.
Vector grid_of(const RowVector& measured, const RowVector& error, const std::vector<Eigen::Index>& genes) {
  double least = std::numeric_limits<double>::infinity(), excess = 0;
  for (const Eigen::Index g : genes) {
    least = std::min(least, error[g]);
    excess = std::max(excess, measured[g] * measured[g] - error[g] * error[g]);
  }
  std::vector<double> sds = {0};
  const double last = excess > 0 ? 2 * std::sqrt(excess) : 8 * kLeastOfErrors * least;
  double ratio = std::sqrt(kGridRatio), first = kLeastOfErrors * least;
  const double n_steps = std::log(last / first) / std::log(ratio);
  if (n_steps > kMostComponents - 2) ratio = std::pow(last / first, 1.0 / (kMostComponents - 2));
  for (double sd = first; static_cast<Eigen::Index>(sds.size()) < kMostComponents; sd *= ratio) {
    sds.push_back(sd);
    if (sd >= last) break;
  }
  return Eigen::Map<const Vector>(sds.data(), static_cast<Eigen::Index>(sds.size()));
}

// log N(x; 0, variance), without the constant.
double log_density(double x, double variance) { return -0.5 * (std::log(variance) + x * x / variance); }

double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

}  // namespace

EffectMixture fit_effect_mixture(const RowVector& measured, const RowVector& error) {
  const std::vector<Eigen::Index> genes = genes_fitted(error);
  if (genes.empty()) return {Vector::Zero(1), Vector::Ones(1)};
  EffectMixture mixture;
  mixture.sd = grid_of(measured, error, genes);
  const Eigen::Index n_components = mixture.sd.size();
  Matrix likelihood(static_cast<Eigen::Index>(genes.size()), n_components);  // each row relative to its largest
  for (std::size_t i = 0; i < genes.size(); ++i) {
    const double x = measured[genes[i]], noise = error[genes[i]] * error[genes[i]];
    auto row = likelihood.row(static_cast<Eigen::Index>(i));
    for (Eigen::Index k = 0; k < n_components; ++k) row[k] = log_density(x, noise + mixture.sd[k] * mixture.sd[k]);
    row = (row.array() - row.maxCoeff()).exp();
  }
  mixture.weight = Vector::Constant(n_components, 1.0 / static_cast<double>(n_components));
  for (int iteration = 0; iteration < kMostIterations; ++iteration) {
    const Vector total = likelihood * mixture.weight;
    const Vector updated = (likelihood.transpose() * total.cwiseInverse()).cwiseProduct(mixture.weight) /
                           static_cast<double>(genes.size());
    const double change = (updated - mixture.weight).cwiseAbs().maxCoeff();
    mixture.weight = updated / updated.sum();
    if (change < kConverged) break;
  }
  return mixture;
}

RowVector draw_effects(const EffectMixture& mixture, const RowVector& measured, const RowVector& error,
                       const RowVector& normal, const RowVector& choice) {
  RowVector effects = measured;
  Vector posterior(mixture.sd.size());
  for (Eigen::Index g = 0; g < measured.size(); ++g) {
    if (!(error[g] > 0)) continue;
    const double noise = error[g] * error[g];
    for (Eigen::Index k = 0; k < posterior.size(); ++k) {
      const double weight = mixture.weight[k];
      posterior[k] = weight > 0 ? std::log(weight) + log_density(measured[g], noise + mixture.sd[k] * mixture.sd[k])
                                : -std::numeric_limits<double>::infinity();
    }
    posterior = (posterior.array() - posterior.maxCoeff()).exp();
    const double chosen = normal_cdf(choice[g]) * posterior.sum();
    Eigen::Index k = 0;
    for (double below = posterior[0]; k + 1 < posterior.size() && below <= chosen; below += posterior[++k]) {
    }
    const double variance = mixture.sd[k] * mixture.sd[k], shrunk = variance / (variance + noise);
    effects[g] = shrunk * measured[g] + std::sqrt(shrunk * noise) * normal[g];
  }
  return effects;
}

}  // namespace headroom
