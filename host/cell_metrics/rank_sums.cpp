#include "cell_metrics/rank_sums.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "cells/lane_vectors.hpp"

namespace headroom {
namespace {

// Of a block's values, those below a number: compared as wide as the level's registers.
template <class Vector>
HEADROOM_INTO_LEVEL std::uint32_t count_below(const float* block, float number) {
  constexpr std::size_t kWidth = sizeof(Vector) / sizeof(float);
  typedef float Floats __attribute__((vector_size(sizeof(Vector)), may_alias));
  typedef std::int32_t Whole __attribute__((vector_size(sizeof(Vector)), may_alias));
  typedef std::int32_t Four __attribute__((vector_size(16), may_alias));
  Whole below = *reinterpret_cast<const Floats*>(block) < number;  // −1 where it is
  for (std::size_t i = kWidth; i < kSearchBlock; i += kWidth) {
    below += *reinterpret_cast<const Floats*>(block + i) < number;
  }
  Four sum = *reinterpret_cast<const Four*>(&below);
  for (std::size_t i = 1; i < kWidth / 4; ++i) sum += *(reinterpret_cast<const Four*>(&below) + i);
  sum += __builtin_shufflevector(sum, sum, 2, 3, 0, 1);
  sum += __builtin_shufflevector(sum, sum, 1, 0, 3, 2);
  return static_cast<std::uint32_t>(-sum[0]);
}

// Values that are searched for side by side, so that the control's memory is there when it is looked at.
constexpr std::size_t kSearchesAtATime = 64;

// The block of control values that a value lies in, by two levels above.
template <class Vector>
HEADROOM_INTO_LEVEL std::uint32_t find_block(const ControlColumn& control, float value) {
  std::uint32_t top = 0;
  for (std::size_t t = 0; t < control.n_top; t += kSearchBlock) top += count_below<Vector>(control.top + t, value);
  top *= static_cast<std::uint32_t>(kSearchBlock);
  return (top + count_below<Vector>(control.block_last + top, value)) * static_cast<std::uint32_t>(kSearchBlock);
}

// For each of some values: how many of the control's are below, and how many not above.
template <class Vector>
HEADROOM_INTO_LEVEL void find_places(const ControlColumn& control, const double* value, std::size_t n,
                                     std::uint32_t* low, std::uint32_t* high) {
  float rounded[kSearchesAtATime];
  for (std::size_t i = 0; i < n; ++i) rounded[i] = static_cast<float>(value[i]);
  for (std::size_t i = 0; i < n; ++i) {
    low[i] = find_block<Vector>(control, rounded[i]);
    __builtin_prefetch(control.rounded + low[i]);
  }
  for (std::size_t i = 0; i < n; ++i) {
    low[i] += count_below<Vector>(control.rounded + low[i], rounded[i]);
    if (control.rounded[low[i]] == rounded[i]) __builtin_prefetch(control.value + low[i]);
    if (control.n_splits > 0) {
      __builtin_prefetch(control.halves + low[i] / kMarksBlock * words_of_marks(control.n_splits));
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    high[i] = low[i];
    if (control.rounded[low[i]] != rounded[i]) continue;
    // Where floats are equal, the exact values decide.
    while (low[i] < control.n && control.value[low[i]] < value[i]) ++low[i];
    high[i] = low[i];
    while (high[i] < control.n && control.value[high[i]] == value[i]) ++high[i];
  }
}

// How many of the first i control values half A of a split holds. n_marked: control.n_splits.
[[gnu::always_inline]] inline std::int32_t held_by_a(const ControlColumn& control, std::size_t split,
                                                     std::size_t n_marked, std::uint32_t i) {
  const std::uint64_t* const block = control.halves + i / kMarksBlock * words_of_marks(n_marked);
  const std::uint64_t below = (std::uint64_t{1} << (i % kMarksBlock)) - 1;
  const auto before = static_cast<std::int32_t>(block[n_marked + split / 2] >> (split % 2 * 32));
  return before + __builtin_popcountll(block[split] & below);
}

// Control values of one number in the halves of a split.
struct EqualInHalves {
  double of[2];
};
[[gnu::always_inline]] inline EqualInHalves equal_in_halves(const ControlColumn& control, std::size_t split,
                                                            std::size_t n_marked, std::uint32_t low,
                                                            std::uint32_t high) {
  const std::int32_t of_a = held_by_a(control, split, n_marked, high) - held_by_a(control, split, n_marked, low);
  const std::uint32_t left = control.left_out[split];
  const std::int32_t out = left >= low && left < high ? 1 : 0;
  return {{static_cast<double>(of_a), static_cast<double>(static_cast<std::int32_t>(high - low) - of_a - out)}};
}

// added_ties(there, 1).
[[gnu::always_inline]] inline double ties_of_one(double there) { return 3 * there * (there + 1); }

// Sums side by side: for half A and half B, each quantity of all splits.
enum Quantity : std::size_t { kTwiceBelow, kSum, kStored, kTies, kQuantities };
struct SideSums {
  double* sums;
  std::size_t n_lanes;
  double* of(std::size_t side, Quantity quantity) const { return sums + (side * kQuantities + quantity) * n_lanes; }
};

// Some values of the target with their places: twice_held, values × lanes, is what half A of the control holds below
// them and not above them together.
struct PlacedValues {
  const double *value, *per_million;
  const std::uint32_t *cell, *low, *high;
  std::size_t n;
  const std::int32_t* twice_held;
};

template <class Vector, bool kAnyLeftOut>
HEADROOM_INTO_LEVEL void add_lanes(const PlacedValues& placed, const HalfRows& rows, const double* left_out,
                                   std::size_t first_lane, const SideSums& lanes) {
  typedef std::int32_t Whole __attribute__((vector_size(sizeof(Vector) / 2), may_alias));
  constexpr std::size_t kWidth = kLanesOf<Vector>, kVectors = HalfRows::kLanes / kWidth;
  Vector below[2][kVectors], sum[2][kVectors], stored[2][kVectors], left[kVectors];
  for (std::size_t v = 0; v < kVectors; ++v) {
    const std::size_t at = first_lane + v * kWidth;
    for (std::size_t side = 0; side < 2; ++side) {
      below[side][v] = *reinterpret_cast<const Vector*>(lanes.of(side, kTwiceBelow) + at);
      sum[side][v] = *reinterpret_cast<const Vector*>(lanes.of(side, kSum) + at);
      stored[side][v] = *reinterpret_cast<const Vector*>(lanes.of(side, kStored) + at);
    }
    left[v] = *reinterpret_cast<const Vector*>(left_out + at);
  }
  for (std::size_t i = 0; i < placed.n; ++i) {
    const double value = placed.per_million[i], low = placed.low[i], high = placed.high[i];
    const double* const row = rows.of_cell(placed.cell[i]) + first_lane;
    const std::int32_t* const held = placed.twice_held + i * lanes.n_lanes + first_lane;
    for (std::size_t v = 0; v < kVectors; ++v) {
      const Vector in_a = *reinterpret_cast<const Vector*>(row + v * kWidth);
      const Vector in_b = *reinterpret_cast<const Vector*>(row + lanes.n_lanes + v * kWidth);
      const Vector of_a = __builtin_convertvector(*reinterpret_cast<const Whole*>(held + v * kWidth), Vector);
      Vector of_b = (low + high) - of_a;
      if constexpr (kAnyLeftOut) {
        const Vector zero = of_a - of_a, one = zero + 1;
        of_b -= left[v] < low ? one : zero;
        of_b -= left[v] < high ? one : zero;
      }
      below[0][v] += of_a * in_a;
      below[1][v] += of_b * in_b;
      sum[0][v] += value * in_a;
      sum[1][v] += value * in_b;
      stored[0][v] += in_a;
      stored[1][v] += in_b;
    }
  }
  for (std::size_t v = 0; v < kVectors; ++v) {
    const std::size_t at = first_lane + v * kWidth;
    for (std::size_t side = 0; side < 2; ++side) {
      *reinterpret_cast<Vector*>(lanes.of(side, kTwiceBelow) + at) = below[side][v];
      *reinterpret_cast<Vector*>(lanes.of(side, kSum) + at) = sum[side][v];
      *reinterpret_cast<Vector*>(lanes.of(side, kStored) + at) = stored[side][v];
    }
  }
}

// What half A of every split holds, and what equal values add to the ties of the half that a value's cell is in.
[[gnu::always_inline]] inline void hold_halves(const ControlColumn& control, const PlacedValues& placed,
                                               const HalfRows& rows, std::size_t n_splits, std::size_t n_marked,
                                               std::int32_t* twice_held, const SideSums& lanes) {
  for (std::size_t i = 0; i < placed.n; ++i, twice_held += lanes.n_lanes) {
    const std::uint32_t low = placed.low[i], high = placed.high[i];
    for (std::size_t s = 0; s < n_splits; ++s) twice_held[s] = 2 * held_by_a(control, s, n_marked, low);
    if (high == low) continue;
    const double* const row = rows.of_cell(placed.cell[i]);
    for (std::size_t s = 0; s < n_splits; ++s) {
      const EqualInHalves equal = equal_in_halves(control, s, n_marked, low, high);
      twice_held[s] += static_cast<std::int32_t>(equal.of[0]);
      for (std::size_t side = 0; side < 2; ++side) {
        lanes.of(side, kTies)[s] += row[side * lanes.n_lanes + s] * ties_of_one(equal.of[side]);
      }
    }
  }
}

// Values that are equal to an earlier one, found by their bits.
void find_repeats(const double* value, std::size_t n, PlaceBuffers& buffers) {
  const int bits = std::max(static_cast<int>(std::bit_width(4 * n)), 6);
  const std::size_t size = std::size_t{1} << bits;
  if (buffers.seen.size() < size) buffers.seen.resize(size);
  std::uint32_t* const seen = buffers.seen.data();
  std::fill(seen, seen + size, 0u);
  buffers.repeats.clear();
  for (std::uint32_t i = 0; i < n; ++i) {
    std::uint64_t at = (std::bit_cast<std::uint64_t>(value[i]) * 0x9e3779b97f4a7c15u) >> (64 - bits);
    while (seen[at] != 0 && value[seen[at] - 1] != value[i]) at = (at + 1) & (size - 1);
    if (seen[at] == 0) {
      seen[at] = i + 1;
    } else {
      buffers.repeats.emplace_back(seen[at] - 1, i);
    }
  }
}

// Ties were counted value by value: of values that are equal, what they make together.
void join_repeats(const ControlColumn& control, const TargetColumn& target, PlaceBuffers& buffers, PlacedSums& whole,
                  const SideSums& lanes) {
  auto& repeats = buffers.repeats;
  std::sort(repeats.begin(), repeats.end());
  const std::size_t n_splits = target.rows->n_splits;
  const auto joined = [](double there, double n) { return added_ties(there, n) - n * added_ties(there, 1); };
  for (std::size_t i = 0, end = 0; i < repeats.size(); i = end) {
    const std::uint32_t first = repeats[i].first, low = buffers.low[first], high = buffers.high[first];
    while (end < repeats.size() && repeats[end].first == first) ++end;
    whole.ties += joined(high - low, static_cast<double>(end - i + 1));
    for (std::size_t s = 0; s < n_splits; ++s) {
      const EqualInHalves equal = equal_in_halves(control, s, control.n_splits, low, high);
      for (std::size_t side = 0; side < 2; ++side) {
        const auto is_in = [&](std::uint32_t value) {
          return target.rows->of_cell(target.cell[value])[side * lanes.n_lanes + s];
        };
        double here = is_in(first);
        for (std::size_t j = i; j < end; ++j) here += is_in(repeats[j].second);
        lanes.of(side, kTies)[s] += joined(equal.of[side], here);
      }
    }
  }
}

template <class Vector>
HEADROOM_INTO_LEVEL void place(const ControlColumn& control, const TargetColumn& target, PlaceBuffers& buffers,
                               PlacedSums& whole) {
  const HalfRows& rows = *target.rows;
  const SideSums lanes{buffers.lanes.data(), rows.n_lanes};
  double* const left_out = lanes.sums + 2 * kQuantities * rows.n_lanes;
  bool any_left_out = false;
  for (std::size_t s = 0; s < rows.n_splits; ++s) {
    const bool is_there = control.left_out[s] < control.n;
    left_out[s] = is_there ? control.left_out[s] : std::numeric_limits<double>::infinity();
    any_left_out = any_left_out || is_there;
  }
  std::int32_t* const twice_held = buffers.twice_held.data();
  for (std::size_t first = 0; first < target.n; first += kSearchesAtATime) {
    const std::size_t n = target.n - first < kSearchesAtATime ? target.n - first : kSearchesAtATime;
    std::uint32_t* const low = buffers.low.data() + first;
    std::uint32_t* const high = buffers.high.data() + first;
    const PlacedValues placed{
        target.value + first, target.per_million + first, target.cell + first, low, high, n, twice_held};
    find_places<Vector>(control, placed.value, n, low, high);
    PlacedSums sums = whole;
    for (std::size_t i = 0; i < n; ++i) {
      sums.twice_below += static_cast<double>(low[i]) + static_cast<double>(high[i]);
      sums.ties += ties_of_one(high[i] - low[i]);
      sums.sum += placed.per_million[i];
    }
    whole = sums;
    if (rows.n_splits == 0) continue;
    if (rows.n_splits == kOfficialSplits && control.n_splits == kOfficialSplits) {
      hold_halves(control, placed, rows, kOfficialSplits, kOfficialSplits, twice_held, lanes);
    } else {
      hold_halves(control, placed, rows, rows.n_splits, control.n_splits, twice_held, lanes);
    }
    for (std::size_t lane = 0; lane < rows.n_lanes; lane += HalfRows::kLanes) {
      if (any_left_out) {
        add_lanes<Vector, true>(placed, rows, left_out, lane, lanes);
      } else {
        add_lanes<Vector, false>(placed, rows, left_out, lane, lanes);
      }
    }
  }
}

using Place = void(const ControlColumn& control, const TargetColumn& target, PlaceBuffers& buffers, PlacedSums& whole);

#ifndef HEADROOM_SIMD_CLONES_OFF
HEADROOM_LEVEL_V4 void place_v4(const ControlColumn& control, const TargetColumn& target, PlaceBuffers& buffers,
                                PlacedSums& whole) {
  place<Doubles8>(control, target, buffers, whole);
}

HEADROOM_LEVEL_V3 void place_v3(const ControlColumn& control, const TargetColumn& target, PlaceBuffers& buffers,
                                PlacedSums& whole) {
  place<Doubles4>(control, target, buffers, whole);
}
#else
constexpr Place *place_v4 = nullptr, *place_v3 = nullptr;
#endif

void place_on_any(const ControlColumn& control, const TargetColumn& target, PlaceBuffers& buffers, PlacedSums& whole) {
  place<Doubles2>(control, target, buffers, whole);
}

}  // namespace

void place_values(const ControlColumn& control, const TargetColumn& target, PlaceBuffers& buffers, PlacedSums& whole,
                  PlacedSums* halves) {
  static Place* const place_on_this = of_this_level<Place>(place_v4, place_v3, place_on_any);
  const std::size_t n_splits = target.rows->n_splits, n_lanes = target.rows->n_lanes;
  if (buffers.low.size() < target.n) {
    buffers.low.resize(target.n);
    buffers.high.resize(target.n);
  }
  buffers.lanes.assign(n_lanes * (2 * kQuantities + 1), 0.0);  // and the places of values that are left out
  buffers.twice_held.resize(n_lanes * kSearchesAtATime);
  whole = {};
  place_on_this(control, target, buffers, whole);
  whole.n_stored = static_cast<double>(target.n);
  find_repeats(target.value, target.n, buffers);
  const SideSums lanes{buffers.lanes.data(), n_lanes};
  if (!buffers.repeats.empty()) join_repeats(control, target, buffers, whole, lanes);
  for (std::size_t s = 0; s < n_splits; ++s) {
    for (std::size_t side = 0; side < 2; ++side) {
      halves[2 * s + side] = {lanes.of(side, kTwiceBelow)[s], lanes.of(side, kTies)[s], lanes.of(side, kSum)[s],
                              lanes.of(side, kStored)[s]};
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
