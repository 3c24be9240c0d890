// The squared Euclidean distance of two rows, by differences.
#pragma once

#include <cstdint>

namespace headroom::heads {

// Σ (a_j - b_j)² over n features, always summed in the same order: equal rows have equal distances to any third.
double squared_distance(const double* a, const double* b, std::int64_t n);

}  // namespace headroom::heads
