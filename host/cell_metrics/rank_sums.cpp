#include "cell_metrics/rank_sums.hpp"

#include <algorithm>
#include <cmath>

#include "cell_metrics/cell_parts.hpp"
#include "numerics/simd_clones.hpp"

namespace headroom {
namespace {

// The first of n ascending values that is not below `value`, without branches: searches of neighbours overlap.
[[gnu::always_inline]] inline std::size_t first_not_below(const double* values, std::size_t n, double value) {
  const double* base = values;
  while (n > 1) {
    const std::size_t half = n / 2;
    base = base[half - 1] < value ? base + half : base;
    n -= half;
  }
  return static_cast<std::size_t>(base - values) + (n == 1 && *base < value ? 1 : 0);
}

[[gnu::always_inline]] inline std::uint32_t held_before(const ControlColumn& control, std::size_t half, std::size_t i) {
  const std::size_t at = i / 64 * control.n_halves + half;
  const std::uint64_t below = (std::uint64_t{1} << (i % 64)) - 1;
  return control.marks_before[at] + static_cast<std::uint32_t>(__builtin_popcountll(control.marks[at] & below));
}

}  // namespace

HEADROOM_SIMD_CLONES
void place_values(const ControlColumn& control, const TargetColumn& target, const PlacedSums& out) {
  for (std::size_t i = 0, end = 0; i < target.n; i = end) {
    const double value = target.value[i];
    for (end = i + 1; end < target.n && target.value[end] == value;) ++end;
    const std::size_t low = first_not_below(control.value, control.n, value);
    std::size_t high = low;
    while (high < control.n && control.value[high] == value) ++high;
    const auto n = static_cast<double>(end - i);
    const auto equal = static_cast<double>(high - low);
    out.twice_below[0] += n * static_cast<double>(low + high);
    if (n > 1 || equal > 0) out.ties[0] += added_ties(equal, n);
    out.sum[0] += n * value;
    out.n_stored[0] += static_cast<std::uint32_t>(end - i);
    for (std::size_t s = 0; s < target.n_splits; ++s) {
      const std::uint8_t* const part_of = target.part + s * target.n_cells;
      std::uint32_t here[2] = {0, 0};
      for (std::size_t j = i; j < end; ++j) {
        const std::uint8_t part = part_of[target.cell[j]];
        if (part != CellParts::kNone) ++here[(part - 1) & 1];
      }
      for (std::size_t side = 0; side < 2; ++side) {
        if (here[side] == 0) continue;
        const std::size_t half = 2 * s + side;
        const std::uint32_t below = held_before(control, half, low);
        const std::uint32_t to = high == low ? below : held_before(control, half, high);
        const double m = here[side];
        out.twice_below[half + 1] += m * (static_cast<double>(below) + static_cast<double>(to));
        if (here[side] > 1 || to > below) out.ties[half + 1] += added_ties(to - below, m);
        out.sum[half + 1] += m * value;
        out.n_stored[half + 1] += here[side];
      }
    }
  }
}

double rank_sum_p(double twice_u, double ties, double n_target, double n_control) {
  const double n = n_target + n_control, pairs = n_target * n_control;
  const double variance = pairs / 12 * (n + 1 - ties / (n * (n - 1)));
  if (!(variance > 0)) return 1;
  const double u = std::max(twice_u / 2, pairs - twice_u / 2);
  const double z = (u - pairs / 2 - 0.5) / std::sqrt(variance);
  return std::min(1.0, std::erfc(z / std::sqrt(2.0)));
}

}  // namespace headroom
