#include "cell_metrics/panel_metrics.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>

#include "numerics/simd_clones.hpp"

namespace headroom {
namespace {

// Eight running sums, always in the same order: equal rows give equal products, whichever pair they are in.
HEADROOM_SIMD_CLONES
double product(const double* a, const double* b, std::size_t n) {
  double sums[8] = {0, 0, 0, 0, 0, 0, 0, 0};
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) sums[lane] += a[i + lane] * b[i + lane];
  }
  for (; i < n; ++i) sums[i % 8] += a[i] * b[i];
  return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
}

// Rows that one other row is multiplied by while it is in the cache.
constexpr std::size_t kRowsAtATime = 4;

// product() of each of kRowsAtATime rows with `b`, to the last bit.
HEADROOM_SIMD_CLONES
void products(const double* const* a, const double* b, std::size_t n, double* out) {
  double sums[kRowsAtATime][8] = {};
  const double *const a0 = a[0], *const a1 = a[1], *const a2 = a[2], *const a3 = a[3];
  std::size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    for (std::size_t lane = 0; lane < 8; ++lane) sums[0][lane] += a0[i + lane] * b[i + lane];
    for (std::size_t lane = 0; lane < 8; ++lane) sums[1][lane] += a1[i + lane] * b[i + lane];
    for (std::size_t lane = 0; lane < 8; ++lane) sums[2][lane] += a2[i + lane] * b[i + lane];
    for (std::size_t lane = 0; lane < 8; ++lane) sums[3][lane] += a3[i + lane] * b[i + lane];
  }
  for (std::size_t row = 0; row < kRowsAtATime; ++row) {
    double* const s = sums[row];
    for (std::size_t j = i; j < n; ++j) s[j % 8] += a[row][j] * b[j];
    out[row] = ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
  }
}

// Deltas of the kept genes, rows side by side.
std::vector<std::vector<double>> kept_deltas(const PanelSide& side, const std::vector<bool>& left_out,
                                             ThreadPool& pool) {
  std::vector<std::uint32_t> kept;
  for (std::uint32_t g = 0; g < left_out.size(); ++g) {
    if (!left_out[g]) kept.push_back(g);
  }
  std::vector<std::vector<double>> deltas(side.y.size());
  pool.for_each(deltas.size(), [&](std::size_t row) {
    const std::vector<double>& y = *side.y[row];
    deltas[row].resize(kept.size());
    for (std::size_t k = 0; k < kept.size(); ++k) deltas[row][k] = y[kept[k]] - (*side.y_control)[kept[k]];
  });
  return deltas;
}

}  // namespace

std::vector<double> discrimination_cosine(const PanelSide& real, const std::vector<std::size_t>& places,
                                          const PanelSide& predicted, const LeftOutGenes& left_out, ThreadPool& pool) {
  const std::size_t n = real.y.size(), n_genes = real.y_control->size();
  const std::vector<bool> none(n_genes, false), &of_all = left_out.of_all.empty() ? none : left_out.of_all;
  const auto truth = kept_deltas(real, of_all, pool);
  auto guess = kept_deltas(predicted, of_all, pool);
  std::vector<double> squared_norm(n);
  pool.for_each(n,
                [&](std::size_t q) { squared_norm[q] = product(truth[q].data(), truth[q].data(), truth[q].size()); });
  // Where a gene stands among those that are kept.
  const auto kept_place = [&](std::size_t gene) {
    return gene - static_cast<std::size_t>(std::count(of_all.begin(), of_all.begin() + static_cast<long>(gene), true));
  };
  std::vector<double> out(guess.size());
  const std::size_t n_tasks = (guess.size() + kRowsAtATime - 1) / kRowsAtATime;
  pool.for_each(n_tasks, [&](std::size_t task) {
    // The last task's rows are repeated where there are too few.
    std::size_t rows[kRowsAtATime];
    std::optional<std::size_t> at[kRowsAtATime];  // of the row's own gene, which it leaves out
    const double* mine[kRowsAtATime];
    double own_norm[kRowsAtATime];
    for (std::size_t i = 0; i < kRowsAtATime; ++i) {
      rows[i] = std::min(task * kRowsAtATime + i, guess.size() - 1);
      const auto own = left_out.own_of(rows[i]);
      if (own && !of_all[*own]) at[i] = kept_place(*own);
      if (at[i]) guess[rows[i]][*at[i]] = 0;
      mine[i] = guess[rows[i]].data();
      own_norm[i] = std::sqrt(product(mine[i], mine[i], guess[rows[i]].size()));
    }
    std::vector<double> distance(kRowsAtATime * n);
    for (std::size_t q = 0; q < n; ++q) {
      double of_pair[kRowsAtATime];
      products(mine, truth[q].data(), truth[q].size(), of_pair);
      for (std::size_t i = 0; i < kRowsAtATime; ++i) {
        const double of_own = at[i] ? truth[q][*at[i]] * truth[q][*at[i]] : 0;
        const double scale = own_norm[i] * std::sqrt(std::max(squared_norm[q] - of_own, 0.0));
        distance[i * n + q] = std::clamp(1 - (scale > 0 ? of_pair[i] / scale : 0), 0.0, 2.0);
      }
    }
    for (std::size_t i = 0; i < std::min(kRowsAtATime, guess.size() - task * kRowsAtATime); ++i) {
      const double to_own = distance[i * n + places[rows[i]]];
      double nearer = 0, equal = 0;
      for (std::size_t q = 0; q < n; ++q) {
        nearer += distance[i * n + q] < to_own ? 1 : 0;
        equal += distance[i * n + q] == to_own ? 1 : 0;
      }
      out[rows[i]] = n == 1 ? 1 : 1 - (nearer + (equal - 1) / 2) / static_cast<double>(n - 1);
    }
  });
  return out;
}

namespace {

// Runs body(i) for i in [0, n), in the caller's thread where there is no pool.
void each(std::size_t n, ThreadPool* pool, const std::function<void(std::size_t)>& body) {
  if (pool != nullptr) return pool->for_each(n, body);
  for (std::size_t i = 0; i < n; ++i) body(i);
}

// What the prediction may claim as its own noise: no more than its profiles spread (metrics.md 1.2).
void bound_claim(const PanelSide& predicted, const LeftOutGenes& left_out, const std::vector<double>& weight,
                 ThreadPool* pool, ErrorRatio& out) {
  const std::size_t n_genes = predicted.y_control->size();
  constexpr std::size_t kGenesPerTask = 64;
  std::vector<double> spread(n_genes, 0.0);
  each((n_genes + kGenesPerTask - 1) / kGenesPerTask, pool, [&](std::size_t task) {
    const std::size_t first = task * kGenesPerTask, n = std::min(kGenesPerTask, n_genes - first);
    double mean[kGenesPerTask] = {}, weights[kGenesPerTask] = {};
    std::size_t n_scoring[kGenesPerTask] = {};
    for (std::size_t p = 0; p < weight.size(); ++p) {
      const double* const y = predicted.y[p]->data() + first;
      for (std::size_t g = 0; g < n; ++g) {
        if (left_out.leaves(p, first + g)) continue;
        mean[g] += weight[p] * y[g];
        weights[g] += weight[p];
        ++n_scoring[g];
      }
    }
    for (std::size_t g = 0; g < n; ++g) mean[g] /= weights[g];
    for (std::size_t p = 0; p < weight.size(); ++p) {
      const double* const y = predicted.y[p]->data() + first;
      for (std::size_t g = 0; g < n; ++g) {
        if (n_scoring[g] < 2 || left_out.leaves(p, first + g)) continue;
        spread[first + g] += weight[p] * (y[g] - mean[g]) * (y[g] - mean[g]);
      }
    }
  });
  for (const double of_gene : spread) out.budget += of_gene;
  if (out.claim > 0) out.scale = std::min(1.0, out.budget / out.claim);
}

}  // namespace

ErrorRatio error_ratio(const PanelSide& real, const PanelSide& predicted, const LeftOutGenes& left_out,
                       ThreadPool* pool) {
  ErrorRatio out;
  const std::size_t n = real.y.size(), n_genes = real.y_control->size();
  const auto n_of_all = static_cast<std::size_t>(std::count(left_out.of_all.begin(), left_out.of_all.end(), true));
  const double share = static_cast<double>(n_genes - n_of_all) / static_cast<double>(n_genes);
  std::vector<double> weight(n), credit(n);
  for (std::size_t p = 0; p < n; ++p) {
    const auto own = left_out.own_of(p);
    const bool leaves_own = own && (left_out.of_all.empty() || !left_out.of_all[*own]);
    weight[p] = 1 / static_cast<double>(n_genes - n_of_all - (leaves_own ? 1 : 0));
    credit[p] = share * std::min(predicted.sampling[p], real.sampling[p]);
    out.claim += weight[p] * credit[p];
  }
  bound_claim(predicted, left_out, weight, pool, out);

  out.numerator.resize(n);
  out.denominator.resize(n);
  each(n, pool, [&](std::size_t p) {
    double error = 0, effect = 0;
    for (std::size_t g = 0; g < n_genes; ++g) {
      if (left_out.leaves(p, g)) continue;
      const double y = (*real.y[p])[g], off = (*predicted.y[p])[g] - y, delta = y - (*real.y_control)[g];
      error += off * off;
      effect += delta * delta;
    }
    out.numerator[p] = weight[p] * (error - out.scale * credit[p] - share * real.sampling[p]);
    out.denominator[p] = weight[p] * (effect - share * (real.sampling[p] + real.sampling_control));
  });
  double numerator = 0, denominator = 0;
  for (std::size_t p = 0; p < n; ++p) {
    if (!std::isfinite(out.numerator[p]) || !std::isfinite(out.denominator[p])) continue;
    numerator += out.numerator[p];
    denominator += out.denominator[p];
  }
  if (denominator > 0) out.value = numerator / denominator;
  return out;
}

std::vector<DeltaAgreement> delta_agreement(const PanelSide& real, const PanelSide& predicted,
                                            const LeftOutGenes& left_out, ThreadPool* pool) {
  std::vector<DeltaAgreement> out(real.y.size());
  const std::size_t n_genes = real.y_control->size();
  each(out.size(), pool, [&](std::size_t p) {
    double genes = 0;
    for (std::size_t g = 0; g < n_genes; ++g) genes += left_out.leaves(p, g) ? 0 : 1;
    const auto delta = [&](const PanelSide& side, std::size_t g) { return (*side.y[p])[g] - (*side.y_control)[g]; };
    DeltaAgreement here;
    double mean_a = 0, mean_b = 0;
    for (std::size_t g = 0; g < n_genes; ++g) {
      if (left_out.leaves(p, g)) continue;
      mean_a += delta(real, g) / genes;
      mean_b += delta(predicted, g) / genes;
      const double off = (*predicted.y[p])[g] - (*real.y[p])[g];
      here.mae += std::abs(off) / genes;
      here.mse += off * off / genes;
    }
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t g = 0; g < n_genes; ++g) {
      if (left_out.leaves(p, g)) continue;
      const double a = delta(real, g) - mean_a, b = delta(predicted, g) - mean_b;
      ab += a * b;
      aa += a * a;
      bb += b * b;
    }
    here.pearson = aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : std::numeric_limits<double>::quiet_NaN();
    out[p] = here;
  });
  return out;
}

}  // namespace headroom
