// The arithmetic of softmax regression that runs over all training rows, for eight genes side by side.
//
// Genes with the same number of present classes share a panel. A gene with K present classes has K - 1 scores a row,
// the coordinates of its logits in an orthonormal basis of the vectors that sum to zero (Contrasts); adding a constant
// to all logits changes no probability, and a penalty on all weights holds their sum at zero. Eight genes' first scores
// stand in eight neighbouring columns, their second scores in the next eight.
#pragma once

#include <cstdint>

#include "heads/panel_product.hpp"
#include "heads/simd.hpp"

namespace headroom::heads {

// Logits of the present classes in ascending order from scores t, u. Two classes: t (1, -1)/√2. Three classes:
// t (1, 0, -1)/√2 + u (1, -2, 1)/√6, so that t tells up from down and u a response from none.
inline constexpr double kHalfRoot = 0.70710678118654752440;         // 1/√2
inline constexpr double kSixthRoot = 0.40824829046386301637;        // 1/√6
inline constexpr double kThreeHalvesRoot = 1.22474487139158904910;  // √(3/2)

// One group of eight genes along a direction: scores + step · direction. All matrices have a row stride of kPanelWidth;
// pointers are at the group's first column.
struct SoftmaxGroup {
  std::int32_t n_scores = 2;  // K - 1: 1 or 2
  std::int64_t n_rows = 0;
  const double* scores = nullptr;         // rows × n_scores · kLanes
  const double* direction = nullptr;      // the same shape
  const std::uint8_t* classes = nullptr;  // rows × kLanes: 0 to K - 1, the number among the present classes
  const double* weights = nullptr;        // K × kLanes: of a row of each present class; the sum over rows is 1
};

struct LineDerivatives {
  double slope[kLanes];      // of the weighted mean cross-entropy by the step
  double curvature[kLanes];  // its second derivative by the step
  double total[2 * kLanes];  // sum over rows of the second derivative by each score
};

// Writes, at scores + step · direction, to `residuals` the derivative of the weighted mean cross-entropy by each score,
// and to `reached` these scores (both rows × n_scores · kLanes).
void residuals_along(const SoftmaxGroup& group, const double* step, double* residuals, double* reached,
                     LineDerivatives& line);

// Probabilities of the K present classes, three columns of kLanes at most, from scores: rows × K · kLanes, contiguous.
void probabilities(const double* scores, std::int64_t n_rows, std::int32_t n_scores, double* out);

}  // namespace headroom::heads
