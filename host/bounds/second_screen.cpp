#include "bounds/second_screen.hpp"

#include <algorithm>
#include <cmath>

#include "bounds/effect_mixture.hpp"
#include "bounds/random_embedding.hpp"

namespace headroom {
namespace {

constexpr double kMostCorrelation = 1 - 1e-12;  // whose z is finite

}  // namespace

SecondScreen draw_second_screen(const MeasuredRows& rows, const NoiseDraw& noise, std::uint64_t seed) {
  const Eigen::Index n_rows = rows.deltas.rows(), n_genes = rows.deltas.cols();
  const Matrix normal = random_embedding(n_rows, 2 * n_genes, seed);
  SecondScreen screen;
  screen.own_control.resize(n_rows, n_genes);
  screen.true_deltas.resize(n_rows, n_genes);
  screen.signal.resize(n_rows, n_genes);
  if (rows.control_error) screen.shared_control.resize(n_rows, n_genes);
  for (Eigen::Index row = 0; row < n_rows; ++row) {
    const RowVector measured = rows.deltas.row(row) - rows.centre, error = rows.error.row(row);
    const EffectMixture mixture = fit_effect_mixture(measured, error);
    // What the first screen would be without the noise of the perturbation's own cells.
    const RowVector signal = rows.centre + draw_effects(mixture, measured, error, normal.row(row).head(n_genes),
                                                        normal.row(row).tail(n_genes));
    screen.signal.row(row) = signal;
    if (!rows.control_error) {
      screen.own_control.row(row) = signal + noise.whole.row(row);
      screen.true_deltas.row(row) = signal;
      continue;
    }
    screen.own_control.row(row) = signal + noise.whole.row(row) + noise.control_of_truth;
    screen.shared_control.row(row) = signal + noise.whole.row(row) + noise.control;
    screen.true_deltas.row(row) = signal + noise.control_of_truth;
  }
  return screen;
}

Matrix error_variance(const MeasuredRows& rows, ScreenKind kind) {
  Matrix variance = rows.error.cwiseAbs2();
  if (kind != ScreenKind::true_deltas) variance *= 2;
  if (rows.control_error && kind != ScreenKind::shared_control) {
    const double n_controls = kind == ScreenKind::own_control ? 2 : 1;
    variance.rowwise() += n_controls * rows.control_error->cwiseAbs2();
  }
  return variance;
}

double spearman_brown(double r, double times) { return r > 0 ? times * r / (1 + (times - 1) * r) : r; }

double attenuation_of(double r_of_measurements) {
  return r_of_measurements > 0 ? std::sqrt(r_of_measurements) : r_of_measurements;
}

double fisher_mean(const Vector& correlations) {
  double sum = 0;
  for (const double r : correlations) sum += std::atanh(std::clamp(r, -kMostCorrelation, kMostCorrelation));
  return std::tanh(sum / static_cast<double>(correlations.size()));
}

}  // namespace headroom
