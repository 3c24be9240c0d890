#include "numerics/quantile.hpp"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstddef>

namespace headroom {

double quantile_of_sorted(std::span<const double> ascending, double q) {
  assert(!ascending.empty());
  const double position = q * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const double low = ascending[below], high = ascending[std::min(below + 1, ascending.size() - 1)];
  const double weight = position - std::floor(position);
  if (low == high || weight == 0) return low;  // also where both are infinite
  // From the nearer end, as NumPy does, so that neither end is missed by rounding.
  return weight < 0.5 ? low + (high - low) * weight : high - (high - low) * (1 - weight);
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return n % 2 == 1 ? values[n / 2] : 0.5 * (values[n / 2 - 1] + values[n / 2]);
}

}  // namespace headroom
