// A second screen of the same truth, simulated: what the best possible prediction of a given depth would score. The
// noise model is fitted to the control's cells, effects are deconvolved from what was measured and drawn anew, and
// cells are negative binomial (metrics.md 6). It serves rank and set metrics, which have no closed form.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

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

// Effects of one perturbation: log ratios of its shares to the control's, as measured and with the error that its cells
// leave in them; and the law that effects follow, a mixture of normals about a common shift, fitted to all genes of the
// perturbation and leaning on the whole panel (adaptive shrinkage, Stephens 2017).
struct EffectLaw {
  std::vector<double> measured, error_variance;  // genes; infinite variance: nothing is known
  double shift = 0;
  std::vector<double> weight;  // components
};

struct EffectModel {
  CellNoise noise;
  std::vector<double> component_sd;  // ascending from 0: no effect
  std::vector<EffectLaw> laws;       // perturbations
};

// `profiles`, `totals`: of each perturbation, its pooled counts and its cells' totals.
EffectModel fit_effects(CellNoise noise, const std::vector<const PooledProfile*>& profiles,
                        const std::vector<const std::vector<double>*>& totals, ThreadPool& pool);

// One draw: effects given what was measured, then `n_cells` cells whose totals are drawn from `totals` times
// `depth_factor`. Equal keys give equal cells.
void draw_second_screen(const EffectModel& model, std::size_t perturbation, std::size_t n_cells,
                        const std::vector<double>& totals, double depth_factor, std::uint64_t key, GroupCounts& out);

}  // namespace headroom
