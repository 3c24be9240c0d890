#include "deg/benjamini_hochberg.hpp"

#include <algorithm>
#include <numeric>

namespace headroom {
namespace {

// The rate at which the test of `rank` (from 1) would be the last that is rejected. One expression for both functions:
// they agree to the last bit.
double rate_at(double p, std::size_t rank, std::size_t n_tests) {
  return p * static_cast<double>(n_tests) / static_cast<double>(rank);
}

}  // namespace

std::vector<double> adjusted_p(std::span<const double> p) {
  std::vector<std::size_t> order(p.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p[a] < p[b]; });
  std::vector<double> adjusted(p.size());
  double least = 1;
  for (std::size_t rank = p.size(); rank > 0; --rank) {
    least = std::min(least, rate_at(p[order[rank - 1]], rank, p.size()));
    adjusted[order[rank - 1]] = least;
  }
  return adjusted;
}

std::size_t n_rejected(std::span<const double> sorted_p, std::size_t n_tests, double alpha, std::size_t n_before) {
  for (std::size_t n = sorted_p.size(); n > 0; --n) {
    if (rate_at(sorted_p[n - 1], n_before + n, n_tests) < alpha) return n_before + n;
  }
  return n_before;
}

}  // namespace headroom
