#include "cell_metrics/rank_sums.hpp"

#include <algorithm>
#include <cmath>

#include "numerics/simd_clones.hpp"

namespace headroom {
namespace {

[[gnu::always_inline]] inline std::size_t count_below(const float* block, float value) {
  int n = 0;
  for (std::size_t i = 0; i < kSearchBlock; ++i) n += block[i] < value ? 1 : 0;
  return static_cast<std::size_t>(n);
}

// Values that are searched for side by side, so that the control's memory is there when it is looked at.
constexpr std::size_t kSearchesAtATime = 64;

// Target values that are one number, and where it lies among the control's.
struct Run {
  double value;
  float rounded;
  std::uint32_t begin, end;  // target values
  std::size_t low, high;     // control values below; and not above
};

// The block of control values that a value lies in, by two levels above.
[[gnu::always_inline]] inline void find_block(const ControlColumn& control, Run& run) {
  int above_top = 0;
  for (std::size_t t = 0; t < control.n_top; ++t) above_top += control.top[t] < run.rounded ? 1 : 0;
  const auto top = static_cast<std::size_t>(above_top) * kSearchBlock;
  run.low = (top + count_below(control.block_last + top, run.rounded)) * kSearchBlock;
  __builtin_prefetch(control.rounded + run.low);
}

[[gnu::always_inline]] inline void find_rounded(const ControlColumn& control, Run& run) {
  run.low += count_below(control.rounded + run.low, run.rounded);
  if (control.rounded[run.low] == run.rounded) __builtin_prefetch(control.value + run.low);
  if (control.n_splits > 0) {
    __builtin_prefetch(control.halves + run.low / kMarksBlock * words_of_marks(control.n_splits));
  }
}

// Where floats are equal, the exact values decide.
[[gnu::always_inline]] inline void find_exactly(const ControlColumn& control, Run& run) {
  run.high = run.low;
  if (control.rounded[run.low] != run.rounded) return;
  while (run.low < control.n && control.value[run.low] < run.value) ++run.low;
  run.high = run.low;
  while (run.high < control.n && control.value[run.high] == run.value) ++run.high;
}

// How many of the first i values each half of a split holds.
[[gnu::always_inline]] inline void held_before(const ControlColumn& control, std::size_t split, std::size_t i,
                                               double* held) {
  const std::uint64_t* const block = control.halves + i / kMarksBlock * words_of_marks(control.n_splits);
  const std::uint64_t below = (std::uint64_t{1} << (i % kMarksBlock)) - 1;
  const auto before = static_cast<std::uint32_t>(block[control.n_splits + split / 2] >> (split % 2 * 32));
  const auto of_a = before + static_cast<std::uint32_t>(__builtin_popcountll(block[split] & below));
  held[0] = of_a;
  held[1] = static_cast<double>(i) - of_a - (control.left_out[split] < i ? 1 : 0);
}

[[gnu::always_inline]] inline void add(PlacedSums& sums, double value, double n, double below, double not_above) {
  sums.twice_below += n * (below + not_above);
  if (n > 1 || not_above > below) sums.ties += added_ties(not_above - below, n);
  sums.sum += n * value;
  sums.n_stored += n;
}

[[gnu::always_inline]] inline void add_halves(const ControlColumn& control, const TargetColumn& target, const Run& run,
                                              PlacedSums* halves) {
  const std::size_t n_splits = target.n_splits;
  for (std::size_t s = 0; s < n_splits; ++s) {
    double low[kSides] = {0, 0, 0}, high[kSides] = {0, 0, 0};
    held_before(control, s, run.low, low);
    if (run.high > run.low) {
      held_before(control, s, run.high, high);
    } else {
      high[0] = low[0];
      high[1] = low[1];
    }
    if (run.end - run.begin == 1) {
      const std::uint8_t side = target.side[target.cell[run.begin] * n_splits + s];
      add(halves[s * kSides + side], run.value, 1, low[side], high[side]);
      continue;
    }
    double here[kSides] = {0, 0, 0};
    for (std::size_t j = run.begin; j < run.end; ++j) here[target.side[target.cell[j] * n_splits + s]] += 1;
    for (std::size_t side = 0; side < 2; ++side) {
      if (here[side] > 0) add(halves[s * kSides + side], run.value, here[side], low[side], high[side]);
    }
  }
}

}  // namespace

HEADROOM_SIMD_CLONES
void place_values(const ControlColumn& control, const TargetColumn& target, PlacedSums& whole, PlacedSums* halves) {
  Run runs[kSearchesAtATime];
  for (std::uint32_t next = 0; next < target.n;) {
    std::size_t n_runs = 0;
    for (; n_runs < kSearchesAtATime && next < target.n; ++n_runs) {
      Run& run = runs[n_runs];
      run.value = target.value[next];
      run.rounded = static_cast<float>(run.value);
      run.begin = next++;
      while (next < target.n && target.value[next] == run.value) ++next;
      run.end = next;
      find_block(control, run);
    }
    for (std::size_t r = 0; r < n_runs; ++r) find_rounded(control, runs[r]);
    for (std::size_t r = 0; r < n_runs; ++r) {
      Run& run = runs[r];
      find_exactly(control, run);
      add(whole, run.value, run.end - run.begin, static_cast<double>(run.low), static_cast<double>(run.high));
      add_halves(control, target, run, halves);
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
