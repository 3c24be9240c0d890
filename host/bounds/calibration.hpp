// Which metric can rank models at all: how far a metric tells a positive control (cells measured again) from a negative
// one (metrics.md section 4). DRF and BDS, as scPertEval has them after Miller et al. 2025 and Vollenweider & Bühlmann
// 2026. Free of where the scores come from: deltas, pseudobulks and cells alike.
#pragma once

#include <optional>
#include <span>

#include "matrix/matrix.hpp"

namespace headroom {

struct Calibration {
  // Per perturbation: how much of the way from the negative control to a perfect score the positive one goes, clipped
  // to -1 … 1. NaN where the positive score is not finite, or the negative one is not, or is past the perfect score.
  Vector drf;
  std::optional<double> drf_mean, drf_median;  // over the finite ones; none: there are none
  Eigen::Index n_finite = 0;
  // Share of the perturbations whose positive control is strictly better than the negative one, of those where both are
  // finite.
  std::optional<double> bds;
};

inline constexpr double kDrfRegularisation = 1e-6;  // added to the denominator

// One score each per perturbation.
Calibration calibrate(const Vector& positive, const Vector& negative, double perfect, bool higher_is_better);

// The interpolated duplicate (scPertEval): a measured profile where its genes respond for certain, the mean of other
// perturbations where they do not: α · duplicate + (1 - α) · others with α = 1 - adjusted p. All of genes; `p`: of the
// duplicate against the control, not adjusted (Benjamini-Hochberg is done here).
RowVector interpolated_duplicate(const RowVector& duplicate, const RowVector& others, std::span<const double> p);

}  // namespace headroom
