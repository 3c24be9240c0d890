#include "cell_metrics/drawn_cells.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "cells/random_stream.hpp"

namespace headroom {
namespace {

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

}  // namespace

void draw_cells(const std::vector<double>& share, const std::vector<double>& dispersion, const CellDepth& depth,
                std::uint64_t key, std::uint32_t number, GroupCounts& out) {
  const std::size_t n_genes = share.size(), n_cells = depth.n_cells;
  const std::vector<double>& totals = *depth.totals;
  Draws draws(key, number);
  std::vector<double> total(n_cells, 0.0), up_to(n_cells, 0.0);
  double all = 0, largest = 0;
  for (std::size_t c = 0; c < n_cells; ++c) {
    total[c] = totals.empty() ? 0 : depth.factor * totals[draws.below(static_cast<std::uint32_t>(totals.size()))];
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
    const double mean = share[g];
    if (mean * largest < kSparseMean && all > 0 && mean > 0) {
      const double n = draws.negative_binomial(mean * all, dispersion[g] / static_cast<double>(n_cells));
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
        const double x = draws.negative_binomial(mean * total[c], dispersion[g]);
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
