// Pearson's correlation of two lists.
#pragma once

#include <span>

namespace headroom {

// NaN where either list is constant or empty. Both are of one length, without NaN.
double correlation(std::span<const double> a, std::span<const double> b);

}  // namespace headroom
