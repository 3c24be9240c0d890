// A second screen of the same truth, at the same depth: what no predictor can be expected to beat, and the ceiling that
// is right for the depth of the data (metrics.md section 6). Its deltas are drawn from a model that is fitted to the
// measured ones, so that every metric has a ceiling, those of ranks and sets too.
#pragma once

#include <cstdint>
#include <optional>

#include "matrix/matrix.hpp"

namespace headroom {

// Rows of one context: measured deltas, and how wrong they may be.
struct MeasuredRows {
  Matrix deltas;     // rows × genes
  RowVector centre;  // genes: what effects lie about, the mean delta of the context
  // rows × genes: the standard error of the delta from the perturbation's own cells. Without `control_error` that from
  // the control's cells is in it, and counts as each row's own.
  Matrix error;
  std::optional<RowVector> control_error;  // genes: of the control that all rows share
};

// One draw of noise of the size of the errors, with the genes' correlations: half the difference of two disjoint halves
// of the cells, the control's own halves included. Rows without halves have independent normal noise instead.
struct NoiseDraw {
  Matrix whole;                // rows × genes
  RowVector control;           // genes: the control's part of it; empty where rows have controls of their own
  RowVector control_of_truth;  // an independent draw of the same: of the control that the measured deltas came from
};

struct SecondScreen {
  Matrix own_control;     // with a second control
  Matrix shared_control;  // with the very control of the first; empty where rows have controls of their own
  Matrix true_deltas;     // without noise: of cells without number
  Matrix signal;          // what the measured deltas are without the noise of the perturbations' own cells
};

// Effects are drawn from their posterior given what was measured (effect_mixture.hpp), so the second screen is as far
// from the first as a screen would be, and the first is the measured one itself. The numbers depend on (seed, row) and
// the inputs alone.
SecondScreen draw_second_screen(const MeasuredRows& rows, const NoiseDraw& noise, std::uint64_t seed);

// rows × genes: the variance of the difference between a prediction and the measured delta, where the prediction is a
// second screen (own or shared control) or the true deltas.
enum class ScreenKind { own_control, shared_control, true_deltas };
Matrix error_variance(const MeasuredRows& rows, ScreenKind kind);

// Correlation of two screens that are `times` as deep as two whose correlation is r (Spearman 1910, Brown 1910): of
// whole screens from halves 2r / (1 + r). For r > 0 alone: a correlation of 0 or less stays what it is: the noise about
// 0 must not be taken for more than it is, and leaving it out would lift the mean over perturbations.
double spearman_brown(double r, double times = 2);
// Correlation of the truth itself with a measurement whose correlation with a second one is r.
double attenuation_of(double r_of_measurements);
// The mean of correlations in Fisher's z; NaN if one is.
double fisher_mean(const Vector& correlations);

}  // namespace headroom
