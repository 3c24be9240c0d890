#include "bounds/effect_mixture.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>
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

Vector mixture_weights(const Vector& sd, const Vector& measured, const Vector& variance, const Vector& prior) {
  const Eigen::Index n_genes = measured.size(), n_components = sd.size();
  Matrix likelihood(n_genes, n_components);  // each row relative to its largest
  for (Eigen::Index g = 0; g < n_genes; ++g) {
    auto row = likelihood.row(g);
    for (Eigen::Index k = 0; k < n_components; ++k) row[k] = log_density(measured[g], variance[g] + sd[k] * sd[k]);
    row = (row.array() - row.maxCoeff()).exp();
  }
  Vector weight = Vector::Constant(n_components, 1.0 / static_cast<double>(n_components));
  for (int iteration = 0; iteration < kMostIterations; ++iteration) {
    const Vector total = likelihood * weight;
    Vector updated = (likelihood.transpose() * total.cwiseInverse()).cwiseProduct(weight);
    if (prior.size() > 0) updated += prior;
    updated /= updated.sum();
    const double change = (updated - weight).cwiseAbs().maxCoeff();
    weight = std::move(updated);
    if (change < kConverged) break;
  }
  return weight;
}

EffectMixture fit_effect_mixture(const RowVector& measured, const RowVector& error) {
  const std::vector<Eigen::Index> genes = genes_fitted(error);
  if (genes.empty()) return {Vector::Zero(1), Vector::Ones(1)};
  EffectMixture mixture;
  mixture.sd = grid_of(measured, error, genes);
  mixture.weight = mixture_weights(mixture.sd, measured(genes).transpose(), error(genes).cwiseAbs2().transpose());
  return mixture;
}

double EffectDraws::draw(double measured, double variance, double choice, double normal) {
  if (!(variance > 0)) return measured;
  for (Eigen::Index k = 0; k < posterior_.size(); ++k) {
    const double weight = mixture_.weight[k];
    posterior_[k] = weight > 0 ? std::log(weight) + log_density(measured, variance + mixture_.sd[k] * mixture_.sd[k])
                               : -std::numeric_limits<double>::infinity();
  }
  posterior_ = (posterior_.array() - posterior_.maxCoeff()).exp();
  const double chosen = choice * posterior_.sum();
  Eigen::Index k = 0;
  for (double below = posterior_[0]; k + 1 < posterior_.size() && below <= chosen; below += posterior_[++k]) {
  }
  const double of_effects = mixture_.sd[k] * mixture_.sd[k], shrunk = of_effects / (of_effects + variance);
  return shrunk * measured + std::sqrt(shrunk * variance) * normal;
}

RowVector draw_effects(const EffectMixture& mixture, const RowVector& measured, const RowVector& error,
                       const RowVector& normal, const RowVector& choice) {
  RowVector effects(measured.size());
  EffectDraws draws(mixture);
  for (Eigen::Index g = 0; g < measured.size(); ++g) {
    effects[g] = draws.draw(measured[g], error[g] * error[g], normal_cdf(choice[g]), normal[g]);
  }
  return effects;
}

}  // namespace headroom
