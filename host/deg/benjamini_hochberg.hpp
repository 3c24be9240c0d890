// The false discovery rate of Benjamini & Hochberg (1995).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace headroom {

// Adjusted p, one a test: the smallest rate at which it is still rejected, at most 1. p in [0, 1], none NaN.
std::vector<double> adjusted_p(std::span<const double> p);

// How many of `n_tests` tests have an adjusted p below `alpha`, strictly: those with the smallest p. `sorted_p`: the
// smallest p in ascending order, all of them that are below alpha; the others are never rejected. `n_before`: tests
// that are known to be rejected and are not among them.
std::size_t n_rejected(std::span<const double> sorted_p, std::size_t n_tests, double alpha, std::size_t n_before = 0);

}  // namespace headroom
