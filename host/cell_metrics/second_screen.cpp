#include "cell_metrics/second_screen.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "cells/random_stream.hpp"

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
constexpr int kSteps = 60;  // of expectation and maximisation
// Below this expected count of a cell, counts of a gene are drawn for all cells together.
constexpr double kSparseMean = 0.05;
constexpr double kInverted = 12;  // means up to this are drawn by inversion

class Draws {
 public:
  Draws(std::uint64_t key, std::uint32_t perturbation) : words_(key, perturbation) {}

  double uniform() { return words_.uniform(); }
  std::uint32_t below(std::uint32_t n) { return words_.below(n); }

  double normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const double radius = std::sqrt(-2 * std::log(uniform())), angle = 2 * std::numbers::pi * uniform();
    spare_ = radius * std::sin(angle);
    has_spare_ = true;
    return radius * std::cos(angle);
  }

  // Scale 1 (Marsaglia and Tsang 2000).
  double gamma(double shape) {
    if (shape < 1) return gamma(shape + 1) * std::pow(uniform(), 1 / shape);
    const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    for (;;) {
      const double x = normal(), root = 1 + c * x;
      if (root <= 0) continue;
      const double v = root * root * root;
      if (std::log(uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
    }
  }

  // By inversion below kInverted; above, by halves of a gamma-distributed waiting time (Ahrens and Dieter 1974).
  double poisson(double mean) {
    double events = 0;
    while (mean > kInverted) {
      const double step = std::floor(mean * 7 / 8);
      const double time = gamma(step);
      if (time > mean) {
        // `step` events took longer: of the step − 1 before the last, each came before `mean` by chance mean / time.
        return events + binomial(step - 1, mean / time);
      }
      events += step;
      mean -= time;
    }
    const double limit = std::exp(-mean);
    double chance = limit, left = uniform();
    double here = 0;
    while (left > chance && here < 200) {
      left -= chance;
      here += 1;
      chance *= mean / here;
    }
    return events + here;
  }

  // A negative binomial of variance mean + dispersion·mean².
  double negative_binomial(double mean, double dispersion) {
    if (dispersion * mean < 1e-6) return poisson(mean);
    if (mean > kInverted) return poisson(mean * dispersion * gamma(1 / dispersion));
    const double spread = 1 + dispersion * mean, ratio = dispersion * mean / spread, size = 1 / dispersion;
    double chance = std::exp(-size * std::log(spread)), left = uniform(), here = 0;
    while (left > chance && here < 1000) {
      left -= chance;
      chance *= ratio * (size + here) / (here + 1);
      here += 1;
    }
    return here;
  }

 private:
  double binomial(double n, double p) {
    double events = 0;
    for (double i = 0; i < n; ++i) events += uniform() < p ? 1 : 0;
    return events;
  }

  RandomStream words_;
  double spare_ = 0;
  bool has_spare_ = false;
};

double log_normal_density(double x, double variance) { return -0.5 * (x * x / variance + std::log(variance)); }

// The weights that make a law of `sd` likeliest, `prior` counted as so many genes of each component.
std::vector<double> fitted_weights(const EffectLaw& law, const std::vector<double>& sd,
                                   const std::vector<double>& prior) {
  const std::size_t n_components = sd.size();
  std::vector<double> likelihood;
  for (std::size_t g = 0; g < law.measured.size(); ++g) {
    if (!std::isfinite(law.error_variance[g])) continue;
    double most = -kInfinity;
    const std::size_t first = likelihood.size();
    for (const double each : sd) {
      likelihood.push_back(log_normal_density(law.measured[g] - law.shift, each * each + law.error_variance[g]));
      most = std::max(most, likelihood.back());
    }
    for (std::size_t k = 0; k < n_components; ++k) likelihood[first + k] = std::exp(likelihood[first + k] - most);
  }
  const std::size_t n = likelihood.size() / n_components;
  std::vector<double> weight(n_components, 1.0 / static_cast<double>(n_components)), next(n_components);
  for (int step = 0; step < kSteps; ++step) {
    next = prior;
    for (std::size_t i = 0; i < n; ++i) {
      const double* const here = likelihood.data() + i * n_components;
      double sum = 0;
      for (std::size_t k = 0; k < n_components; ++k) sum += weight[k] * here[k];
      for (std::size_t k = 0; k < n_components; ++k) next[k] += weight[k] * here[k] / sum;
    }
    double all = 0;
    for (const double each : next) all += each;
    for (std::size_t k = 0; k < n_components; ++k) weight[k] = next[k] / all;
  }
  return weight;
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
      law.measured[g] = std::log((counted + 0.5) / (expected + 0.5));
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
  model.component_sd.push_back(0);
  for (double sd = kSmallestEffect; sd < 2 * most; sd *= std::numbers::sqrt2) model.component_sd.push_back(sd);
  const std::size_t n_components = model.component_sd.size();
  pool.for_each(n, [&](std::size_t p) {
    model.laws[p].weight = fitted_weights(model.laws[p], model.component_sd,
                                          std::vector<double>(n_components, 1.0 / static_cast<double>(n_components)));
  });
  std::vector<double> panel(n_components, 0.0);
  for (const EffectLaw& law : model.laws) {
    for (std::size_t k = 0; k < n_components; ++k) panel[k] += law.weight[k] * kPanelGenes / static_cast<double>(n);
  }
  pool.for_each(
      n, [&](std::size_t p) { model.laws[p].weight = fitted_weights(model.laws[p], model.component_sd, panel); });
  return model;
}

void draw_second_screen(const EffectModel& model, std::size_t perturbation, std::size_t n_cells,
                        const std::vector<double>& totals, double depth_factor, std::uint64_t key, GroupCounts& out) {
  const EffectLaw& law = model.laws[perturbation];
  const std::size_t n_genes = model.noise.share.size(), n_components = model.component_sd.size();
  Draws draws(key, static_cast<std::uint32_t>(perturbation));
  std::vector<double> share(n_genes), chance(n_components);
  double all_shares = 0;
  for (std::size_t g = 0; g < n_genes; ++g) {
    double effect = law.shift;
    if (std::isfinite(law.error_variance[g])) {
      const double off = law.measured[g] - law.shift, error = law.error_variance[g];
      double most = -kInfinity, sum = 0;
      for (std::size_t k = 0; k < n_components; ++k) {
        const double variance = model.component_sd[k] * model.component_sd[k] + error;
        chance[k] = law.weight[k] > 0 ? std::log(law.weight[k]) + log_normal_density(off, variance) : -kInfinity;
        most = std::max(most, chance[k]);
      }
      for (double& each : chance) sum += each = std::exp(each - most);
      double left = draws.uniform() * sum;
      std::size_t k = 0;
      while (k + 1 < n_components && left > chance[k]) left -= chance[k++];
      const double prior = model.component_sd[k] * model.component_sd[k];
      if (prior > 0) {
        const double kept = prior / (prior + error);
        effect += off * kept + std::sqrt(kept * error) * draws.normal();
      }
    }
    share[g] = model.noise.share[g] * std::exp(effect);
    all_shares += share[g];
  }

  std::vector<double> total(n_cells, 0.0), up_to(n_cells, 0.0);
  double all = 0, largest = 0;
  for (std::size_t c = 0; c < n_cells; ++c) {
    total[c] = totals.empty() ? 0 : depth_factor * totals[draws.below(static_cast<std::uint32_t>(totals.size()))];
    all += total[c];
    up_to[c] = all;
    largest = std::max(largest, total[c]);
  }
  out.n_cells = n_cells;
  out.total.assign(n_cells, 0.0);
  out.begin.assign(1, 0);
  out.cell.clear();
  out.count.clear();
  std::vector<double> sparse(n_cells, 0.0);
  std::vector<std::uint32_t> touched;
  for (std::size_t g = 0; g < n_genes; ++g) {
    const double mean = all_shares > 0 ? share[g] / all_shares : 0, dispersion = model.noise.dispersion[g];
    if (mean * largest < kSparseMean && all > 0 && mean > 0) {
      const double n = draws.negative_binomial(mean * all, dispersion / static_cast<double>(n_cells));
      touched.clear();
      for (double i = 0; i < n; ++i) {
        const auto at = static_cast<std::uint32_t>(std::lower_bound(up_to.begin(), up_to.end(), draws.uniform() * all) -
                                                   up_to.begin());
        if (sparse[at] == 0) touched.push_back(at);
        sparse[at] += 1;
      }
      std::sort(touched.begin(), touched.end());
      for (const std::uint32_t c : touched) {
        out.cell.push_back(c);
        out.count.push_back(sparse[c]);
        out.total[c] += sparse[c];
        sparse[c] = 0;
      }
    } else if (mean > 0) {
      for (std::uint32_t c = 0; c < n_cells; ++c) {
        const double x = draws.negative_binomial(mean * total[c], dispersion);
        if (x == 0) continue;
        out.cell.push_back(c);
        out.count.push_back(x);
        out.total[c] += x;
      }
    }
    out.begin.push_back(out.cell.size());
  }
}

}  // namespace headroom
