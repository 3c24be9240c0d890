#include "cell_metrics/effect_model.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "cells/random_stream.hpp"
#include "numerics/quantile.hpp"

namespace headroom {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// A log ratio of fewer expected counts says nothing worth having of an effect.
constexpr double kLeastExpected = 3;
// Effects whose shift is looked for: well measured ones.
constexpr double kWellMeasured = 20;
constexpr double kSmallestEffect = 0.02;
// Genes that the panel's law counts for beside a perturbation's own.
constexpr double kPanelGenes = 50;
// Genes without effect that count beside them, as Stephens 2017 has it: where the data cannot tell none from little,
// none is taken.
constexpr double kGenesWithout = 10;
// Fewer perturbations have no median that stands for the panel.
constexpr std::size_t kLeastPerturbations = 5;
// Every few genes are enough for weights.
constexpr std::size_t kMostGenesFitted = 4000;

// With half a count more on either side, so that none is no end.
double log_ratio(double counted, double expected) { return std::log((counted + 0.5) / (expected + 0.5)); }

// genes: the median over perturbations of their log ratios; 0 where little is counted of most.
std::vector<double> centre_of(const CellNoise& noise, const std::vector<const PooledProfile*>& profiles,
                              const std::vector<const std::vector<double>*>& totals, ThreadPool& pool) {
  const std::size_t n = profiles.size();
  std::vector<double> centre(noise.share.size(), 0.0), counts;
  if (n < kLeastPerturbations) return centre;
  for (const std::vector<double>* of_cells : totals) {
    counts.push_back(std::accumulate(of_cells->begin(), of_cells->end(), 0.0));
  }
  pool.for_each(centre.size(), [&](std::size_t g) {
    std::vector<double> ratios;
    for (std::size_t p = 0; p < n; ++p) {
      const double expected = counts[p] * noise.share[g], counted = profiles[p]->pooled[g];
      if (noise.share[g] > 0 && std::max(expected, counted) >= kLeastExpected) {
        ratios.push_back(log_ratio(counted, expected));
      }
    }
    if (2 * ratios.size() >= n) centre[g] = median(std::move(ratios));
  });
  return centre;
}

EffectMixture fitted_mixture(const EffectLaw& law, const Vector& sd, const Vector& prior) {
  std::vector<std::size_t> known;
  for (std::size_t g = 0; g < law.measured.size(); ++g) {
    if (std::isfinite(law.error_variance[g])) known.push_back(g);
  }
  const std::size_t n = std::min(known.size(), kMostGenesFitted);
  Vector measured(static_cast<Eigen::Index>(n)), variance(static_cast<Eigen::Index>(n));
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t g = known[i * known.size() / n];
    measured[static_cast<Eigen::Index>(i)] = law.measured[g] - law.shift;
    variance[static_cast<Eigen::Index>(i)] = law.error_variance[g];
  }
  return {sd, mixture_weights(sd, measured, variance, prior)};
}

// Standard normal from two uniforms (Box and Muller 1958), one of the pair.
double normal_of(RandomStream& random) {
  const double radius = std::sqrt(-2 * std::log(random.uniform()));
  return radius * std::cos(2 * std::numbers::pi * random.uniform());
}

}  // namespace

CellNoise fit_noise(const GroupCounts& control, ThreadPool& pool) {
  const std::size_t n_genes = control.n_genes();
  CellNoise out{std::vector<double>(n_genes, 0.0), std::vector<double>(n_genes, 0.0)};
  double all = 0, squares = 0;
  for (const double total : control.total) {
    all += total;
    squares += total * total;
  }
  if (!(all > 0)) return out;
  pool.for_each(n_genes, [&](std::size_t g) {
    double pooled = 0, by_total = 0, square = 0;
    for (std::uint64_t e = control.begin[g]; e < control.begin[g + 1]; ++e) {
      pooled += control.count[e];
      square += control.count[e] * control.count[e];
      by_total += control.count[e] * control.total[control.cell[e]];
    }
    const double share = pooled / all;
    out.share[g] = share;
    if (!(share > 0)) return;
    // Σ (x − share·L)² is expected to be share·ΣL + dispersion·share²·ΣL².
    const double spread = square - 2 * share * by_total + share * share * squares;
    out.dispersion[g] = std::max(0.0, (spread - pooled) / (share * share * squares));
  });
  return out;
}

EffectModel fit_effects(CellNoise noise, const std::vector<const PooledProfile*>& profiles,
                        const std::vector<const std::vector<double>*>& totals, ThreadPool& pool) {
  EffectModel model;
  model.noise = std::move(noise);
  const std::size_t n = profiles.size(), n_genes = model.noise.share.size();
  model.laws.resize(n);
  model.centre = centre_of(model.noise, profiles, totals, pool);
  std::vector<double> widest(n, 0.0);
  pool.for_each(n, [&](std::size_t p) {
    EffectLaw& law = model.laws[p];
    law.measured.assign(n_genes, 0.0);
    law.error_variance.assign(n_genes, kInfinity);
    double all = 0, squares = 0;
    for (const double total : *totals[p]) {
      all += total;
      squares += total * total;
    }
    if (!(all > 0)) return;
    std::vector<double> well;
    for (std::size_t g = 0; g < n_genes; ++g) {
      const double expected = all * model.noise.share[g], counted = profiles[p]->pooled[g];
      if (!(model.noise.share[g] > 0) || std::max(expected, counted) < kLeastExpected) continue;
      law.measured[g] = log_ratio(counted, expected) - model.centre[g];
      law.error_variance[g] = 1 / ((counted + expected) / 2 + 0.5) + model.noise.dispersion[g] * squares / (all * all);
      widest[p] = std::max(widest[p], std::abs(law.measured[g]));
      if (expected >= kWellMeasured) well.push_back(law.measured[g]);
    }
    if (!well.empty()) {
      std::nth_element(well.begin(), well.begin() + static_cast<std::ptrdiff_t>(well.size() / 2), well.end());
      law.shift = well[well.size() / 2];
    }
  });
  const double most = n > 0 ? *std::max_element(widest.begin(), widest.end()) : 0;
  std::vector<double> grid{0};
  for (double sd = kSmallestEffect; sd < 2 * most; sd *= std::numbers::sqrt2) grid.push_back(sd);
  const Vector component_sd = Eigen::Map<const Vector>(grid.data(), static_cast<Eigen::Index>(grid.size()));
  const auto fit_all = [&](const Vector& prior) {
    pool.for_each(n,
                  [&](std::size_t p) { model.laws[p].mixture = fitted_mixture(model.laws[p], component_sd, prior); });
  };
  Vector prior = Vector::Constant(component_sd.size(), 1.0 / static_cast<double>(component_sd.size()));
  prior[0] += kGenesWithout;
  fit_all(prior);
  Vector panel = Vector::Zero(component_sd.size());
  for (const EffectLaw& law : model.laws) panel += law.mixture.weight * kPanelGenes / static_cast<double>(n);
  panel[0] += kGenesWithout;
  fit_all(panel);
  return model;
}

std::vector<double> draw_shares(const EffectModel& model, std::size_t perturbation, std::uint64_t key) {
  const EffectLaw& law = model.laws[perturbation];
  RandomStream random(key, static_cast<std::uint32_t>(perturbation));
  EffectDraws effects(law.mixture);
  std::vector<double> share = model.noise.share;
  double all = 0;
  for (std::size_t g = 0; g < share.size(); ++g) {
    double effect = model.centre[g] + law.shift;
    if (std::isfinite(law.error_variance[g])) {
      const double choice = random.uniform(), normal = normal_of(random);
      effect += effects.draw(law.measured[g] - law.shift, law.error_variance[g], choice, normal);
    }
    all += share[g] *= std::exp(effect);
  }
  for (double& each : share) each = all > 0 ? each / all : 0;
  return share;
}

}  // namespace headroom
