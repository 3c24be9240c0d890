// The weights of WMSE from the cells: what tells a perturbation from the others counts most (Mejia et al. 2025, in the
// form of scPertEval: squared, scaled absolute t).
#pragma once

#include "matrix/label_matrix.hpp"
#include "matrix/matrix.hpp"

namespace headroom {

inline constexpr double kWeightExponent = 2;

// perturbations × genes: sums over the cells of each perturbation, and how many they are.
struct SumsOfCells {
  Matrix sum, sum_of_squares;
  Vector n_cells;
};

// One row a perturbation: w = minmax(|t|)^2, scaled to sum 1, with t Welch's statistic of the perturbation's cells
// against those of all other perturbations (controls are none). Genes whose t is infinite count as the largest finite
// |t|. Uniform where all |t| are equal, or either side has fewer than two cells.
FloatMatrix wmse_weights(const SumsOfCells& sums);

}  // namespace headroom
