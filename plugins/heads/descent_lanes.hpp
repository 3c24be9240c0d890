// Limited-memory quasi-Newton directions for eight genes side by side (Liu and Nocedal 1989, "On the limited memory
// BFGS method for large scale optimization": the two-loop recursion), started from a diagonal of curvatures.
#pragma once

#include <cstdint>

#include "heads/panel_product.hpp"
#include "heads/simd.hpp"

namespace headroom::heads {

// The steps that the lanes of one group remember. A vector of a group is features × n_scores · kLanes; in a pair it
// lies contiguously, in a panel with a row stride of kPanelWidth from the group's first column. The last feature is the
// constant 1 of the bias, which carries no penalty.
// Pairs are kept in single precision, which halves what a direction reads: that bends it a little, and no more, since
// whatever the pairs are, the matrix that they make is positive definite.
struct DescentMemory {
  std::int64_t n_features = 0;
  std::int32_t n_scores = 0;
  std::int32_t n_pairs = 0;
  std::int32_t newest = 0;     // number of the newest pair; older ones follow, cyclically
  float* steps = nullptr;      // pairs × vector
  float* changes = nullptr;    // pairs × vector: of the gradient along the step
  double* inverses = nullptr;  // pairs × kLanes: 1 / (step · change), 0 where the lane has no such pair
  double* scale = nullptr;     // kLanes: the inverse of the diagonal is multiplied by it
  double* factors = nullptr;   // pairs × kLanes: room to work in
  double* vector = nullptr;    // one vector: room to work in

  std::int64_t size() const { return n_features * n_scores * kLanes; }
};

// direction = -H · gradient (panels), H⁻¹ starting as diagonal / scale (diagonal: contiguous, above 0).
void descent_direction(const DescentMemory& memory, const double* gradient, const double* diagonal, double* direction);

// Puts step · direction and gradient - former in the place of the oldest pair and sets the scale by them. A lane that
// is not `kept` (0), or that saw no curvature, remembers nothing of it.
void remember(DescentMemory& memory, const double* step, const double* direction, const double* gradient,
              const double* former, const double* diagonal, const double* kept);

// The curvature of each lane's penalty changes by `more`: so do the remembered changes.
void change_penalty(DescentMemory& memory, const double* more);

// A lane starts anew.
void forget(DescentMemory& memory, int lane);

// By lane, a · b over the first n_features rows of two panels.
void inner_products(std::int64_t n_features, std::int32_t n_scores, const double* a, const double* b, double* sums);

// By lane, the largest |derivative| by a weight or bias of any of the n_scores + 1 classes, for features that are not
// centred: the gradient by a feature is that of the centred one plus its mean times that of the bias. means: n_features
// numbers, of which the last, the bias', is 0.
void largest_derivatives(std::int64_t n_features, std::int32_t n_scores, const double* means, const double* gradient,
                         double* largest);

}  // namespace headroom::heads
