// What the true effects behind noisy measurements are likely to be: the normal mixture of Stephens 2017 ("False
// discovery rates: a new deal"), fitted to one perturbation's genes. A ceiling needs effects that are spread as the
// true ones are; the measured ones are spread further by their noise. Serves deltas and counts of cells alike.
#pragma once

#include "matrix/matrix.hpp"

namespace headroom {

// Effects are 0 or normal about 0, with the standard deviations of a grid.
struct EffectMixture {
  Vector sd;      // ascending from 0
  Vector weight;  // one each, sum 1
};

// The weights by maximum likelihood (EM) of components of standard deviations `sd`, with measured_g ~ N(effect_g,
// variance_g), all variances > 0 and finite. `prior`: genes of each component that count beside the measured ones;
// empty: none.
Vector mixture_weights(const Vector& sd, const Vector& measured, const Vector& variance,
                       const Vector& prior = Vector());

// The whole mixture, measured_g ~ N(effect_g, error_g²), with a grid that suits the errors. Genes without an error do
// not count. Over many genes every few of them are taken, which are enough for weights.
EffectMixture fit_effect_mixture(const RowVector& measured, const RowVector& error);

// Draws effects of one mixture given what was measured: a component by its posterior weight, then a normal by its
// posterior mean and variance.
class EffectDraws {
 public:
  explicit EffectDraws(const EffectMixture& mixture) : mixture_(mixture), posterior_(mixture.sd.size()) {}
  // `choice`: uniform in (0, 1); `normal`: standard normal, independent. Without a variance: what was measured.
  double draw(double measured, double variance, double choice, double normal);

 private:
  const EffectMixture& mixture_;
  Vector posterior_;  // memory used again
};

// One draw for every gene, measured_g ~ N(effect_g, error_g²). `normal` and `choice`: independent standard normal
// numbers, one each a gene.
RowVector draw_effects(const EffectMixture& mixture, const RowVector& measured, const RowVector& error,
                       const RowVector& normal, const RowVector& choice);

}  // namespace headroom
