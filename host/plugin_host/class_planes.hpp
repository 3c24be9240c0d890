// The probabilities of classes as a predictor answers them: one plane per class.
#pragma once

#include <span>
#include <string>

#include "matrix/matrix.hpp"

namespace headroom {

// How far the probabilities of one query row and gene may sum to something else than 1.
inline constexpr double kPlaneSumTolerance = 1e-9;

// What is wrong with the planes (query rows × genes each) of one setting, or an empty string: a value that is not
// finite, one below 0, a sum over the planes that is not 1. Each value is read once.
std::string fault_of_planes(std::span<const ConstMatrixMap> planes);

}  // namespace headroom
