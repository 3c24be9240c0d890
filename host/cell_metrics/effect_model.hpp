// What is known of a screen's truth from its cells, as a law that another screen can be drawn from: noise fitted to the
// control's cells, effects deconvolved from what was measured (metrics.md 6).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "bounds/effect_mixture.hpp"
#include "cell_metrics/group_counts.hpp"
#include "cell_metrics/pooled_profile.hpp"
#include "parallel/thread_pool.hpp"

namespace headroom {

// Counts of a cell of L counts: negative binomial of mean L·share and variance mean + dispersion·mean².
struct CellNoise {
  std::vector<double> share;       // genes; of the control's counts
  std::vector<double> dispersion;  // genes; 0: Poisson
};

// By moments, about the cells' own totals.
CellNoise fit_noise(const GroupCounts& control, ThreadPool& pool);

// Effects of one perturbation: log ratios of its shares to the control's beyond those of the panel, as measured and
// with the error that its cells leave in them; and the law that effects follow about a common shift, fitted to the
// perturbation's genes and leaning on the whole panel.
struct EffectLaw {
  std::vector<double> measured, error_variance;  // genes; infinite variance: nothing is known
  double shift = 0;
  EffectMixture mixture;
};

struct EffectModel {
  CellNoise noise;
  // genes: the median of the perturbations' log ratios, of which the noise of the control that they share is a part:
  // were effects shrunk to none instead, perturbations would be told apart too easily.
  std::vector<double> centre;
  std::vector<EffectLaw> laws;  // perturbations
};

// `profiles`, `totals`: of each perturbation, its pooled counts and its cells' totals.
EffectModel fit_effects(CellNoise noise, const std::vector<const PooledProfile*>& profiles,
                        const std::vector<const std::vector<double>*>& totals, ThreadPool& pool);

// One draw of the effects of a perturbation given what was measured, as shares of counts (genes; sum 1, or zeros where
// the control has no counts). Equal keys give equal shares.
std::vector<double> draw_shares(const EffectModel& model, std::size_t perturbation, std::uint64_t key);

}  // namespace headroom
