// What the true effects behind noisy deltas are likely to be: the normal mixture of Stephens 2017 ("False discovery
// rates: a new deal"), fitted to one perturbation's genes. A ceiling needs effects that are spread as the true ones
// are; the measured ones are spread further by their noise.
#pragma once

#include "matrix/matrix.hpp"

namespace headroom {

// Effects are 0 or normal about 0, with the standard deviations of a grid.
struct EffectMixture {
  Vector sd;      // ascending from 0
  Vector weight;  // one each, sum 1
};

// By maximum likelihood (EM), with measured_g ~ N(effect_g, error_g²). Genes without an error do not count. Over many
// genes every few of them are taken, which are enough for weights.
EffectMixture fit_effect_mixture(const RowVector& measured, const RowVector& error);

// One draw of the effects given what was measured: per gene a component by its posterior weight, then a normal by its
// posterior mean and variance. `normal` and `choice`: independent standard normal numbers, one each a gene. Where there
// is no error the effect is what was measured.
RowVector draw_effects(const EffectMixture& mixture, const RowVector& measured, const RowVector& error,
                       const RowVector& normal, const RowVector& choice);

}  // namespace headroom
