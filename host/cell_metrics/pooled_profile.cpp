#include "cell_metrics/pooled_profile.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "cells/aligned_vector.hpp"
#include "cells/lane_vectors.hpp"

namespace headroom {
namespace {

// Above this share of the others' counts the series is left for the plain sum.
constexpr double kLargestShare = 0.25;
// Terms are taken until they are below this beside the first.
constexpr double kNegligible = 1e-18;

// ln x for normal x > 0, in a form that loops over many x compile to vector instructions: within two units in the last
// place of the result or 1e-16 of one, whichever is more.
[[gnu::always_inline]] inline double vector_log(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x);
  // The exponent for a mantissa in [√½, √2), 1023 added; logical shifts alone, which older vector units have.
  constexpr std::uint64_t kOne = 0x3ff0000000000000u, kRootHalf = 0x3fe6a09e667f3bcdu;
  const std::uint64_t biased = (bits - kRootHalf + kOne) >> 52;
  const double mantissa = std::bit_cast<double>(bits - (biased << 52) + kOne);
  // An integer as double without a conversion that they lack.
  const double exponent = std::bit_cast<double>(biased + 0x4330000000000000u) - (0x1p52 + 1023);
  const double f = mantissa - 1, s = f / (2 + f), z = s * s;
  double series = 1.0 / 23;
  series = series * z + 1.0 / 21;
  series = series * z + 1.0 / 19;
  series = series * z + 1.0 / 17;
  series = series * z + 1.0 / 15;
  series = series * z + 1.0 / 13;
  series = series * z + 1.0 / 11;
  series = series * z + 1.0 / 9;
  series = series * z + 1.0 / 7;
  series = series * z + 1.0 / 5;
  series = series * z + 1.0 / 3;
  return exponent * 0x1.62e42fefa39efp-1 + (2 * s + 2 * s * z * series);
}

// ln(1 + x) for small x by its series of so many terms.
template <int kTerms, class Number>
[[gnu::always_inline]] inline void log1p_of_small(Number& x) {
  Number series = x * ((kTerms % 2 == 0 ? -1.0 : 1.0) / kTerms);
#pragma GCC unroll 20
  for (int k = kTerms - 1; k > 1; --k) series = (series + (k % 2 == 0 ? -1.0 : 1.0) / k) * x;
  x += x * series;
}

// Up to which |x| so many terms are right to within 1e-17.
struct SeriesReach {
  double largest;
  int n_terms;
};
constexpr SeriesReach kSmall{1.0 / 128, 7}, kMedium{1.0 / 32, 10}, kLarge{1.0 / 8, 17};

// The parts that one pass over the entries serves: the whole group, or the two halves of a split.
struct Shares {
  std::vector<std::uint8_t> side;  // cells: 0, 1, or 2 for neither
  std::vector<double> off_mean;  // cells: u − mean of the side, u = L / (S − L), L: the cell's counts, S: the side's
  std::vector<double> one_plus;  // 1 + u = S / (S − L)
  struct Side {
    double n_cells = 0, all_counts = 0;
    bool is_wanted = false, by_series = false;
    double mean = 0;                    // of u
    double widest = 0;                  // |u − mean|
    std::vector<double> first, second;  // coefficients of Σ d and Σ d² in the slope h', ascending from power 1
  };
  Side sides[2];
};

// One gene's entries and what they are compared with: cells of the two sides of a split (the whole group: one side).
struct StoredCounts {
  const std::uint32_t* cell;
  const double* count;
  std::size_t n;
  double slope[3];      // sides; 0 where there is nothing to add
  double per_count[3];  // 1/P
};

// Of one gene's entries, side by side for vector instructions: slope·(u − ū), which its cells would have without a
// count; what the count takes of the rest, slope·(x/P)·(1 + u); and whether the cell is of side 1.
struct StoredTerms {
  std::vector<double> without, taken, is_second;
};

void gather_terms(const StoredCounts& stored, const Shares& shares, StoredTerms& out) {
  out.without.resize(stored.n);
  out.taken.resize(stored.n);
  out.is_second.resize(stored.n);
  const double per_count[3] = {stored.slope[0] * stored.per_count[0], stored.slope[1] * stored.per_count[1], 0};
  for (std::size_t i = 0; i < stored.n; ++i) {
    const std::uint32_t c = stored.cell[i];
    const std::uint8_t side = shares.side[c];
    out.without[i] = stored.slope[side] * shares.off_mean[c];
    out.taken[i] = per_count[side] * shares.one_plus[c] * stored.count[i];
    out.is_second[i] = side == 1 ? 1.0 : 0.0;
  }
}

// What each stored count changes in d and d² against its cell without it, in the place of `without` and `taken`. With
// d₀ = ln(1 + a) of a cell without, d = ln(1 + a − b). kTerms: of the series that serves for all of them; 0: none does.
template <int kTerms>
[[gnu::always_inline]] inline void change_terms(double* without, double* taken, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const double a = without[i];
    double d0 = a, first = a - taken[i];
    if constexpr (kTerms > 0) {
      log1p_of_small<kTerms>(d0);
      log1p_of_small<kTerms>(first);
      first -= d0;
    } else {
      // A gene's only count leaves 1/(1 + a) behind; rounding must not make that 0 or less.
      const double rest = 1 - taken[i] / (1 + a);
      d0 = vector_log(1 + a);
      first = vector_log(std::abs(rest) + 1e-300);  // without a branch, which vectors have not
    }
    without[i] = first;
    taken[i] = first * (first + 2 * d0);
  }
}

// Adds the changes to Σ d (sums[side]) and Σ d² (sums[2 + side]). `largest`: of |a| and |a − b|.
HEADROOM_SIMD_CLONES
void add_stored(double* without, double* taken, const double* is_second, std::size_t n, double largest, double* sums) {
  if (largest <= kSmall.largest) {
    change_terms<kSmall.n_terms>(without, taken, n);
  } else if (largest <= kMedium.largest) {
    change_terms<kMedium.n_terms>(without, taken, n);
  } else if (largest <= kLarge.largest) {
    change_terms<kLarge.n_terms>(without, taken, n);
  } else {
    change_terms<0>(without, taken, n);
  }
  constexpr std::size_t kLanes = 4;
  double lanes[4][kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) {
      const double first1 = without[i + lane] * is_second[i + lane], second1 = taken[i + lane] * is_second[i + lane];
      lanes[0][lane] += without[i + lane];
      lanes[1][lane] += first1;
      lanes[2][lane] += taken[i + lane];
      lanes[3][lane] += second1;
    }
  }
  for (; i < n; ++i) {
    lanes[0][0] += without[i];
    lanes[1][0] += without[i] * is_second[i];
    lanes[2][0] += taken[i];
    lanes[3][0] += taken[i] * is_second[i];
  }
  for (std::size_t k = 0; k < 4; k += 2) {
    const double all = (lanes[k][0] + lanes[k][2]) + (lanes[k][1] + lanes[k][3]);
    const double of_second = (lanes[k + 1][0] + lanes[k + 1][2]) + (lanes[k + 1][1] + lanes[k + 1][3]);
    sums[k] += all - of_second;
    sums[k + 1] += of_second;
  }
}

// The splits of a group side by side, the whole group as one more (all of it side 0): of each cell a row of u − ū, one
// of 1 + u, and one each of 1 where it is in side 0 or 1, all 0 where it is in neither.
enum CellRow : std::size_t { kOffMean, kOnePlus, kInFirst, kInSecond, kCellRows };
// Of a gene, a row each: slope and slope/P of both sides.
enum GeneRow : std::size_t { kSlope, kSlopeOfSecond, kTaken, kTakenOfSecond, kGeneRows };
constexpr std::size_t kSums = 4;

struct Lanes {
  std::size_t n_lanes = 0;
  AlignedVector<double> of_cell;  // cells × kCellRows × lanes
  AlignedVector<double> of_gene;  // kGeneRows × lanes
  AlignedVector<double> sums;     // kSums × lanes: what add_stored() adds
};

// add_stored() for all lanes, by the series.
template <class Vector, int kTerms>
HEADROOM_INTO_LEVEL void change_lanes(const StoredCounts& stored, Lanes& lanes) {
  const std::size_t n_lanes = lanes.n_lanes;
  for (std::size_t lane = 0; lane < n_lanes; lane += kLanesOf<Vector>) {
    const double* const gene = lanes.of_gene.data() + lane;
    const Vector slope = *reinterpret_cast<const Vector*>(gene + kSlope * n_lanes);
    const Vector slope_of_second = *reinterpret_cast<const Vector*>(gene + kSlopeOfSecond * n_lanes);
    const Vector taken = *reinterpret_cast<const Vector*>(gene + kTaken * n_lanes);
    const Vector taken_of_second = *reinterpret_cast<const Vector*>(gene + kTakenOfSecond * n_lanes);
    Vector first = slope - slope, first_of_second = first, second = first, second_of_second = first;
    for (std::size_t i = 0; i < stored.n; ++i) {
      const double* const cell = lanes.of_cell.data() + stored.cell[i] * kCellRows * n_lanes + lane;
      const Vector in_first = *reinterpret_cast<const Vector*>(cell + kInFirst * n_lanes);
      const Vector in_second = *reinterpret_cast<const Vector*>(cell + kInSecond * n_lanes);
      Vector d0 = *reinterpret_cast<const Vector*>(cell + kOffMean * n_lanes) *
                  (slope * in_first + slope_of_second * in_second);
      Vector change = d0 - stored.count[i] * *reinterpret_cast<const Vector*>(cell + kOnePlus * n_lanes) *
                               (taken * in_first + taken_of_second * in_second);
      log1p_of_small<kTerms>(d0);
      log1p_of_small<kTerms>(change);
      change -= d0;
      const Vector of_square = change * (change + 2 * d0);
      first += change;
      first_of_second += change * in_second;
      second += of_square;
      second_of_second += of_square * in_second;
    }
    double* const sums = lanes.sums.data() + lane;
    *reinterpret_cast<Vector*>(sums) = first - first_of_second;
    *reinterpret_cast<Vector*>(sums + n_lanes) = first_of_second;
    *reinterpret_cast<Vector*>(sums + 2 * n_lanes) = second - second_of_second;
    *reinterpret_cast<Vector*>(sums + 3 * n_lanes) = second_of_second;
  }
}

template <class Vector>
HEADROOM_INTO_LEVEL void change_lanes_within(const StoredCounts& stored, double largest, Lanes& lanes) {
  if (largest <= kSmall.largest) {
    change_lanes<Vector, kSmall.n_terms>(stored, lanes);
  } else if (largest <= kMedium.largest) {
    change_lanes<Vector, kMedium.n_terms>(stored, lanes);
  } else {
    change_lanes<Vector, kLarge.n_terms>(stored, lanes);
  }
}

using ChangeLanes = void(const StoredCounts& stored, double largest, Lanes& lanes);

#ifndef HEADROOM_SIMD_CLONES_OFF
HEADROOM_LEVEL_V4 void change_lanes_v4(const StoredCounts& stored, double largest, Lanes& lanes) {
  change_lanes_within<Doubles8>(stored, largest, lanes);
}

HEADROOM_LEVEL_V3 void change_lanes_v3(const StoredCounts& stored, double largest, Lanes& lanes) {
  change_lanes_within<Doubles4>(stored, largest, lanes);
}
#else
constexpr ChangeLanes *change_lanes_v4 = nullptr, *change_lanes_v3 = nullptr;
#endif

void change_lanes_on_any(const StoredCounts& stored, double largest, Lanes& lanes) {
  change_lanes_within<Doubles2>(stored, largest, lanes);
}

// Σ x over the cells of the halves: `rows` of them, `sums`: sides × lanes.
template <class Vector>
HEADROOM_INTO_LEVEL void pool_lanes(const StoredCounts& stored, const HalfRows& rows, double* sums) {
  for (std::size_t at = 0; at < 2 * rows.n_lanes; at += kLanesOf<Vector>) {
    Vector sum = *reinterpret_cast<const Vector*>(sums + at);
    for (std::size_t i = 0; i < stored.n; ++i) {
      sum += stored.count[i] * *reinterpret_cast<const Vector*>(rows.of_cell(stored.cell[i]) + at);
    }
    *reinterpret_cast<Vector*>(sums + at) = sum;
  }
}

using PoolLanes = void(const StoredCounts& stored, const HalfRows& rows, double* sums);

#ifndef HEADROOM_SIMD_CLONES_OFF
HEADROOM_LEVEL_V4 void pool_lanes_v4(const StoredCounts& stored, const HalfRows& rows, double* sums) {
  pool_lanes<Doubles8>(stored, rows, sums);
}

HEADROOM_LEVEL_V3 void pool_lanes_v3(const StoredCounts& stored, const HalfRows& rows, double* sums) {
  pool_lanes<Doubles4>(stored, rows, sums);
}
#else
constexpr PoolLanes *pool_lanes_v4 = nullptr, *pool_lanes_v3 = nullptr;
#endif

void pool_lanes_on_any(const StoredCounts& stored, const HalfRows& rows, double* sums) {
  pool_lanes<Doubles2>(stored, rows, sums);
}

StoredCounts stored_of(const GroupCounts& counts, std::size_t gene) {
  return {counts.cell.data() + counts.begin[gene],
          counts.count.data() + counts.begin[gene],
          counts.begin[gene + 1] - counts.begin[gene],
          {0, 0, 0},
          {0, 0, 0}};
}

void fill_side(const GroupCounts& counts, std::uint8_t which, Shares& shares) {
  Shares::Side& side = shares.sides[which];
  double largest = 0;
  for (std::size_t c = 0; c < counts.n_cells; ++c) {
    if (shares.side[c] != which) continue;
    const double rest = side.all_counts - counts.total[c];
    const double share = rest > 0 ? counts.total[c] / rest : 1.0;
    largest = std::max(largest, share);
    shares.off_mean[c] = share;
    shares.one_plus[c] = 1 + share;
    side.mean += share / side.n_cells;
  }
  side.by_series = largest <= kLargestShare;
  if (!side.by_series) return;
  std::vector<double> off, power;
  for (std::size_t c = 0; c < counts.n_cells; ++c) {
    if (shares.side[c] != which) continue;
    shares.off_mean[c] -= side.mean;
    off.push_back(shares.off_mean[c]);
    side.widest = std::max(side.widest, std::abs(off.back()));
  }
  // ln(1 + x) = Σ (−1)^{k+1} x^k / k and ln²(1 + x) = Σ (−1)^k 2 H_{k−1} x^k / k.
  power.assign(off.size(), 1.0);
  double harmonic = 0, bound = 1, sign = 1;
  for (int k = 1; bound > kNegligible && k < 64; ++k) {
    double moment = 0;
    for (std::size_t i = 0; i < off.size(); ++i) moment += power[i] *= off[i];
    if (k == 1) moment = 0;  // shares are taken from their mean
    side.first.push_back(sign * moment / k);
    side.second.push_back(-sign * 2 * harmonic * moment / k);
    harmonic += 1.0 / k;
    bound = std::pow(side.widest, k + 1);
    sign = -sign;
  }
}

double series(const std::vector<double>& coefficients, double x) {
  double sum = 0;
  for (std::size_t k = coefficients.size(); k-- > 0;) sum = (sum + coefficients[k]) * x;
  return sum;
}

// Σ_c (d_c − d̄)² of one gene, every cell by itself.
double plain_spread(const GroupCounts& counts, const Shares& shares, std::uint8_t which, std::size_t gene,
                    double pooled, std::vector<double>& count_of) {
  const Shares::Side& side = shares.sides[which];
  count_of.assign(counts.n_cells, 0.0);
  for (std::uint64_t e = counts.begin[gene]; e < counts.begin[gene + 1]; ++e)
    count_of[counts.cell[e]] = counts.count[e];
  const double y = std::log1p(kBulkTotal * pooled / side.all_counts);
  double sum = 0, squares = 0;
  for (std::size_t c = 0; c < counts.n_cells; ++c) {
    if (shares.side[c] != which) continue;
    const double rest = side.all_counts - counts.total[c];
    const double v = rest > 0 ? std::log1p(kBulkTotal * (pooled - count_of[c]) / rest) : 0;
    sum += v - y;
    squares += (v - y) * (v - y);
  }
  return squares - sum * sum / side.n_cells;
}

// Of a split: parts `first` and `first` + 1; part_of nullptr: of the whole group, part 0 alone.
Shares shares_of(const GroupCounts& counts, const std::uint8_t* part_of, std::size_t first,
                 const std::vector<bool>& wanted) {
  Shares shares;
  shares.side.assign(counts.n_cells, part_of == nullptr ? 0 : 2);
  shares.off_mean.assign(counts.n_cells, 0.0);
  shares.one_plus.assign(counts.n_cells, 1.0);
  for (std::size_t c = 0; c < counts.n_cells; ++c) {
    if (part_of != nullptr && part_of[c] != CellParts::kNone) {
      shares.side[c] = static_cast<std::uint8_t>(part_of[c] - first);
    }
    if (shares.side[c] > 1) continue;
    shares.sides[shares.side[c]].n_cells += 1;
    shares.sides[shares.side[c]].all_counts += counts.total[c];
  }
  for (std::size_t i = 0; i < 2; ++i) {
    Shares::Side& side = shares.sides[i];
    side.is_wanted = side.n_cells >= 2 && side.all_counts > 0 && (wanted.empty() || wanted[first + i]);
    if (side.is_wanted) fill_side(counts, static_cast<std::uint8_t>(i), shares);
    side.by_series = side.is_wanted && side.by_series;
  }
  return shares;
}

Lanes lanes_of(const std::vector<Shares>& shares, std::size_t n_cells) {
  Lanes lanes;
  lanes.n_lanes = (shares.size() + HalfRows::kLanes - 1) / HalfRows::kLanes * HalfRows::kLanes;
  lanes.of_cell.assign(n_cells * kCellRows * lanes.n_lanes, 0.0);
  lanes.of_gene.assign(kGeneRows * lanes.n_lanes, 0.0);
  lanes.sums.assign(kSums * lanes.n_lanes, 0.0);
  for (std::size_t lane = 0; lane < shares.size(); ++lane) {
    for (std::size_t c = 0; c < n_cells; ++c) {
      const std::uint8_t side = shares[lane].side[c];
      if (side > 1) continue;
      double* const row = lanes.of_cell.data() + c * kCellRows * lanes.n_lanes + lane;
      row[kOffMean * lanes.n_lanes] = shares[lane].off_mean[c];
      row[kOnePlus * lanes.n_lanes] = shares[lane].one_plus[c];
      row[(side == 0 ? kInFirst : kInSecond) * lanes.n_lanes] = 1;
    }
  }
  return lanes;
}

// The sampling terms of all parts. `pooled`: parts: genes; `largest_count`: genes.
void add_sampling(const GroupCounts& counts, const CellParts& parts, const std::vector<std::vector<double>>& pooled,
                  const std::vector<double>& largest_count, const std::vector<bool>& wanted,
                  std::vector<PooledProfile>& out) {
  static ChangeLanes* const change_on_this =
      of_this_level<ChangeLanes>(change_lanes_v4, change_lanes_v3, change_lanes_on_any);
  std::vector<Shares> shares;
  std::vector<std::size_t> first_part;
  for (std::size_t s = 0; s < parts.n_splits; ++s) {
    shares.push_back(shares_of(counts, parts.of_split(s), half_a(s), wanted));
    first_part.push_back(half_a(s));
  }
  shares.push_back(shares_of(counts, nullptr, 0, wanted));
  first_part.push_back(0);
  // The whole group alone has nothing side by side: its entries are instead.
  Lanes lanes = parts.n_splits > 0 ? lanes_of(shares, counts.n_cells) : Lanes();
  std::vector<double> count_of;
  StoredTerms terms;
  std::vector<StoredCounts> stored(shares.size());
  std::vector<std::array<double, kSums>> sums(shares.size());
  std::vector<std::array<double, 2>> spread(shares.size(), {0, 0});
  for (std::size_t g = 0; g < counts.n_genes(); ++g) {
    double largest = 0;
    bool any_by_series = false;
    for (std::size_t l = 0; l < shares.size(); ++l) {
      stored[l] = stored_of(counts, g);
      for (std::size_t i = 0; i < 2; ++i) {
        const Shares::Side& side = shares[l].sides[i];
        const double here = side.is_wanted ? pooled[first_part[l] + i][g] : 0;
        if (!(here > 0)) continue;  // y stays 0 whoever is left out
        if (!side.by_series) {
          spread[l][i] += plain_spread(counts, shares[l], static_cast<std::uint8_t>(i), g, here, count_of);
          continue;
        }
        any_by_series = true;
        // d = v − y = ln(1 + h(u − q)), q = (x/P)(1 + u); about the mean share: ln(1 + h'(u − ū − q)) but for a
        // constant.
        const double a = kBulkTotal * here / side.all_counts, h = a / (1 + a);
        stored[l].slope[i] = h / (1 + h * side.mean);
        stored[l].per_count[i] = 1 / here;
        const double taken = largest_count[g] / here * (1 + side.mean + side.widest);
        largest = std::max(largest, stored[l].slope[i] * (side.widest + taken));
      }
    }
    if (!any_by_series) continue;
    if (lanes.n_lanes > 0 && largest <= kLarge.largest) {
      for (std::size_t l = 0; l < shares.size(); ++l) {
        double* const row = lanes.of_gene.data() + l;
        row[kSlope * lanes.n_lanes] = stored[l].slope[0];
        row[kSlopeOfSecond * lanes.n_lanes] = stored[l].slope[1];
        row[kTaken * lanes.n_lanes] = stored[l].slope[0] * stored[l].per_count[0];
        row[kTakenOfSecond * lanes.n_lanes] = stored[l].slope[1] * stored[l].per_count[1];
      }
      change_on_this(stored[0], largest, lanes);
      for (std::size_t l = 0; l < shares.size(); ++l) {
        for (std::size_t k = 0; k < kSums; ++k) sums[l][k] = lanes.sums[k * lanes.n_lanes + l];
      }
    } else {
      for (std::size_t l = 0; l < shares.size(); ++l) {
        sums[l].fill(0);
        gather_terms(stored[l], shares[l], terms);
        add_stored(terms.without.data(), terms.taken.data(), terms.is_second.data(), stored[l].n, largest,
                   sums[l].data());
      }
    }
    for (std::size_t l = 0; l < shares.size(); ++l) {
      for (std::size_t i = 0; i < 2; ++i) {
        const double slope = stored[l].slope[i];
        if (slope == 0) continue;
        const Shares::Side& side = shares[l].sides[i];
        const double sum = series(side.first, slope) + sums[l][i];
        spread[l][i] += series(side.second, slope) + sums[l][2 + i] - sum * sum / side.n_cells;
      }
    }
  }
  for (std::size_t l = 0; l < shares.size(); ++l) {
    for (std::size_t i = 0; i < 2; ++i) {
      const Shares::Side& side = shares[l].sides[i];
      if (!side.is_wanted) continue;
      out[first_part[l] + i].sampling = std::max(0.0, (side.n_cells - 1) / side.n_cells * spread[l][i]);
    }
  }
}

}  // namespace

std::vector<double> pooled_log(std::span<const double> pooled) {
  double all = 0;
  for (const double each : pooled) all += each;
  std::vector<double> y(pooled.size(), 0.0);
  if (!(all > 0)) return y;
  for (std::size_t g = 0; g < pooled.size(); ++g) y[g] = std::log1p(kBulkTotal * pooled[g] / all);
  return y;
}

std::vector<PooledProfile> pooled_profiles(const GroupCounts& counts, const CellParts& parts,
                                           const std::vector<bool>& wanted) {
  const std::size_t n_genes = counts.n_genes(), n_parts = parts.n_parts();
  std::vector<std::vector<double>> pooled(n_parts, std::vector<double>(n_genes, 0.0));
  static PoolLanes* const pool_on_this = of_this_level<PoolLanes>(pool_lanes_v4, pool_lanes_v3, pool_lanes_on_any);
  const HalfRows rows = half_rows(parts);
  std::vector<double> largest_count(n_genes, 0.0);
  AlignedVector<double> sums(2 * rows.n_lanes);
  for (std::size_t g = 0; g < n_genes; ++g) {
    for (std::uint64_t e = counts.begin[g]; e < counts.begin[g + 1]; ++e) {
      pooled[0][g] += counts.count[e];
      largest_count[g] = std::max(largest_count[g], counts.count[e]);
    }
    std::fill(sums.begin(), sums.end(), 0.0);
    pool_on_this(stored_of(counts, g), rows, sums.data());
    for (std::size_t s = 0; s < parts.n_splits; ++s) {
      pooled[half_a(s)][g] = sums[s];
      pooled[half_b(s)][g] = sums[rows.n_lanes + s];
    }
  }

  std::vector<PooledProfile> out(n_parts);
  for (std::size_t p = 0; p < n_parts; ++p) {
    out[p].n_cells = parts.size(p);
    out[p].y = pooled_log(pooled[p]);
  }
  add_sampling(counts, parts, pooled, largest_count, wanted, out);
  out[0].pooled = std::move(pooled[0]);
  return out;
}

}  // namespace headroom
