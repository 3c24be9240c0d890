#include "cell_metrics/panel_metrics.hpp"

#include <algorithm>
#include <cmath>
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

// Deltas of the kept genes, rows side by side.
std::vector<std::vector<double>> kept_deltas(const PanelSide& side, const std::vector<bool>& left_out) {
  std::vector<std::vector<double>> deltas;
  for (const std::vector<double>* y : side.y) {
    std::vector<double> delta;
    for (std::size_t g = 0; g < y->size(); ++g) {
      if (!left_out[g]) delta.push_back((*y)[g] - (*side.y_control)[g]);
    }
    deltas.push_back(std::move(delta));
  }
  return deltas;
}

}  // namespace

std::vector<double> discrimination_cosine(const PanelSide& real, const std::vector<std::size_t>& places,
                                          const PanelSide& predicted, const LeftOutGenes& left_out, ThreadPool& pool) {
  const std::size_t n = real.y.size(), n_genes = real.y_control->size();
  const std::vector<bool> none(n_genes, false), &of_all = left_out.of_all.empty() ? none : left_out.of_all;
  const auto truth = kept_deltas(real, of_all), guess = kept_deltas(predicted, of_all);
  std::vector<double> squared_norm;
  for (const auto& row : truth) squared_norm.push_back(product(row.data(), row.data(), row.size()));
  // Where a gene stands among those that are kept.
  const auto kept_place = [&](std::size_t gene) {
    return gene - static_cast<std::size_t>(std::count(of_all.begin(), of_all.begin() + static_cast<long>(gene), true));
  };
  std::vector<double> out(guess.size());
  pool.for_each(guess.size(), [&](std::size_t row) {
    std::vector<double> mine = guess[row];
    const auto own = left_out.own_of(row);
    const bool leaves_own = own && !of_all[*own];
    const std::size_t at = leaves_own ? kept_place(*own) : 0;
    if (leaves_own) mine[at] = 0;
    const double own_norm = std::sqrt(product(mine.data(), mine.data(), mine.size()));
    std::vector<double> distance(n);
    for (std::size_t q = 0; q < n; ++q) {
      const double of_own = leaves_own ? truth[q][at] * truth[q][at] : 0;
      const double scale = own_norm * std::sqrt(std::max(squared_norm[q] - of_own, 0.0));
      const double cosine = scale > 0 ? product(mine.data(), truth[q].data(), mine.size()) / scale : 0;
      distance[q] = std::clamp(1 - cosine, 0.0, 2.0);
    }
    const double to_own = distance[places[row]];
    double nearer = 0, equal = 0;
    for (const double each : distance) {
      nearer += each < to_own ? 1 : 0;
      equal += each == to_own ? 1 : 0;
    }
    out[row] = n == 1 ? 1 : 1 - (nearer + (equal - 1) / 2) / static_cast<double>(n - 1);
  });
  return out;
}

namespace {

// What the prediction may claim as its own noise: no more than its profiles spread (metrics.md 1.2).
void bound_claim(const PanelSide& predicted, const LeftOutGenes& left_out, const std::vector<double>& weight,
                 ErrorRatio& out) {
  const std::size_t n_genes = predicted.y_control->size();
  for (std::size_t g = 0; g < n_genes; ++g) {
    double sum = 0, weights = 0, spread = 0;
    std::size_t n_scoring = 0;
    for (std::size_t p = 0; p < weight.size(); ++p) {
      if (left_out.leaves(p, g)) continue;
      sum += weight[p] * (*predicted.y[p])[g];
      weights += weight[p];
      ++n_scoring;
    }
    if (n_scoring < 2) continue;
    const double mean = sum / weights;
    for (std::size_t p = 0; p < weight.size(); ++p) {
      if (left_out.leaves(p, g)) continue;
      const double off = (*predicted.y[p])[g] - mean;
      spread += weight[p] * off * off;
    }
    out.budget += spread;
  }
  if (out.claim > 0) out.scale = std::min(1.0, out.budget / out.claim);
}

}  // namespace

ErrorRatio error_ratio(const PanelSide& real, const PanelSide& predicted, const LeftOutGenes& left_out) {
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
  bound_claim(predicted, left_out, weight, out);

  double numerator = 0, denominator = 0;
  for (std::size_t p = 0; p < n; ++p) {
    double error = 0, effect = 0;
    for (std::size_t g = 0; g < n_genes; ++g) {
      if (left_out.leaves(p, g)) continue;
      const double y = (*real.y[p])[g], off = (*predicted.y[p])[g] - y, delta = y - (*real.y_control)[g];
      error += off * off;
      effect += delta * delta;
    }
    out.numerator.push_back(weight[p] * (error - out.scale * credit[p] - share * real.sampling[p]));
    out.denominator.push_back(weight[p] * (effect - share * (real.sampling[p] + real.sampling_control)));
    if (!std::isfinite(out.numerator[p]) || !std::isfinite(out.denominator[p])) continue;
    numerator += out.numerator[p];
    denominator += out.denominator[p];
  }
  if (denominator > 0) out.value = numerator / denominator;
  return out;
}

std::vector<DeltaAgreement> delta_agreement(const PanelSide& real, const PanelSide& predicted,
                                            const LeftOutGenes& left_out) {
  std::vector<DeltaAgreement> out;
  const std::size_t n_genes = real.y_control->size();
  for (std::size_t p = 0; p < real.y.size(); ++p) {
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
    out.push_back(here);
  }
  return out;
}

}  // namespace headroom
