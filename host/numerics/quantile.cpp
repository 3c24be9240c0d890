#include "numerics/quantile.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>

namespace headroom {

namespace {

// Where a quantile lies among n ascending values: beyond the one of this index, by this part of the way to the next.
struct Position {
  Position(std::size_t n, double q) {
    const double position = q * static_cast<double>(n - 1);
    below = static_cast<std::size_t>(position);
    above = std::min(below + 1, n - 1);
    weight = position - std::floor(position);
  }
  std::size_t below, above;
  double weight;
};

double between(double low, double high, double weight) {
  if (low == high || weight == 0) return low;  // also where both are infinite
  // From the nearer end, as NumPy does, so that neither end is missed by rounding.
  return weight < 0.5 ? low + (high - low) * weight : high - (high - low) * (1 - weight);
}

}  // namespace

double quantile_of_sorted(std::span<const double> ascending, double q) {
  assert(!ascending.empty());
  const Position at(ascending.size(), q);
  return between(ascending[at.below], ascending[at.above], at.weight);
}

double quantile_in_place(std::span<double> values, double q) {
  assert(!values.empty());
  const Position at(values.size(), q);
  const auto low = values.begin() + static_cast<std::ptrdiff_t>(at.below);
  std::nth_element(values.begin(), low, values.end());
  const double high = at.above == at.below ? *low : *std::min_element(low + 1, values.end());
  return between(*low, high, at.weight);
}

double median(std::vector<double> values) { return median_in_place(values); }

double median_in_place(std::span<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

}  // namespace headroom
