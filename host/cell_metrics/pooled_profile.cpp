#include "cell_metrics/pooled_profile.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "numerics/simd_clones.hpp"

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

// ln(1 + x) for small x by its series, to within rounding where |x| <= kSmallShare.
constexpr double kSmallShare = 1.0 / 64;
[[gnu::always_inline]] inline double log1p_of_small(double x) {
  double series = -1.0 / 8;
  series = series * x + 1.0 / 7;
  series = series * x - 1.0 / 6;
  series = series * x + 1.0 / 5;
  series = series * x - 1.0 / 4;
  series = series * x + 1.0 / 3;
  series = series * x - 1.0 / 2;
  return x + x * x * series;
}

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
// d₀ = ln(1 + a) of a cell without, d = d₀ + ln(1 − b/(1 + a)). kAreSmall: all a are at most kSmallShare.
template <bool kAreSmall>
[[gnu::always_inline]] inline void change_terms(double* without, double* taken, std::size_t n) {
  for (std::size_t i = 0; i < n; ++i) {
    const double a = without[i];
    // A gene's only count leaves 1/(1 + a) behind; rounding must not make that 0 or less.
    const double rest = 1 - taken[i] / (1 + a);
    const double d0 = kAreSmall ? log1p_of_small(a) : vector_log(1 + a);
    const double first = vector_log(std::abs(rest) + 1e-300);  // without a branch, which vectors have not
    without[i] = first;
    taken[i] = first * (first + 2 * d0);
  }
}

// Adds the changes to Σ d (sums[side]) and Σ d² (sums[2 + side]).
HEADROOM_SIMD_CLONES
void add_stored(double* without, double* taken, const double* is_second, std::size_t n, bool are_small, double* sums) {
  if (are_small) {
    change_terms<true>(without, taken, n);
  } else {
    change_terms<false>(without, taken, n);
  }
  constexpr std::size_t kLanes = 4;
  double lanes[4][kLanes] = {};
  const auto add = [&](std::size_t i, std::size_t lane) {
    const double first1 = without[i] * is_second[i], second1 = taken[i] * is_second[i];
    lanes[0][lane] += without[i] - first1;
    lanes[1][lane] += first1;
    lanes[2][lane] += taken[i] - second1;
    lanes[3][lane] += second1;
  };
  std::size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane) add(i + lane, lane);
  }
  for (; i < n; ++i) add(i, i % kLanes);
  for (std::size_t k = 0; k < 4; ++k) sums[k] += (lanes[k][0] + lanes[k][2]) + (lanes[k][1] + lanes[k][3]);
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

// The sampling terms of parts first and first + 1 (the whole group: of part 0 alone).
void add_sampling(const GroupCounts& counts, const std::uint8_t* part_of, std::size_t first,
                  const std::vector<std::vector<double>>& pooled, const std::vector<bool>& wanted,
                  std::vector<PooledProfile>& out) {
  const std::size_t n_sides = part_of == nullptr ? 1 : 2;
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
  bool any_by_series = false;
  for (std::size_t i = 0; i < n_sides; ++i) {
    Shares::Side& side = shares.sides[i];
    side.is_wanted = side.n_cells >= 2 && side.all_counts > 0 && (wanted.empty() || wanted[first + i]);
    if (side.is_wanted) fill_side(counts, static_cast<std::uint8_t>(i), shares);
    any_by_series = any_by_series || (side.is_wanted && side.by_series);
  }
  // A slope is at most 1.
  const bool are_small = std::max(shares.sides[0].widest, shares.sides[1].widest) <= kSmallShare;
  double spread[2] = {0, 0};
  std::vector<double> count_of;
  StoredTerms terms;
  for (std::size_t g = 0; g < counts.n_genes(); ++g) {
    StoredCounts stored{counts.cell.data() + counts.begin[g],
                        counts.count.data() + counts.begin[g],
                        counts.begin[g + 1] - counts.begin[g],
                        {0, 0, 0},
                        {0, 0, 0}};
    for (std::size_t i = 0; i < n_sides; ++i) {
      const Shares::Side& side = shares.sides[i];
      const double here = pooled[first + i][g];
      if (!side.is_wanted || !(here > 0)) continue;  // y stays 0 whoever is left out
      if (!side.by_series) {
        spread[i] += plain_spread(counts, shares, static_cast<std::uint8_t>(i), g, here, count_of);
        continue;
      }
      // d = v − y = ln(1 + h(u − q)), q = (x/P)(1 + u); about the mean share: ln(1 + h'(u − ū − q)) but for a constant.
      const double a = kBulkTotal * here / side.all_counts, h = a / (1 + a);
      stored.slope[i] = h / (1 + h * side.mean);
      stored.per_count[i] = 1 / here;
    }
    if (!any_by_series) continue;
    double sums[4] = {0, 0, 0, 0};
    gather_terms(stored, shares, terms);
    add_stored(terms.without.data(), terms.taken.data(), terms.is_second.data(), stored.n, are_small, sums);
    for (std::size_t i = 0; i < n_sides; ++i) {
      const double slope = stored.slope[i];
      if (slope == 0) continue;
      const double sum = series(shares.sides[i].first, slope) + sums[i];
      spread[i] += series(shares.sides[i].second, slope) + sums[2 + i] - sum * sum / shares.sides[i].n_cells;
    }
  }
  for (std::size_t i = 0; i < n_sides; ++i) {
    const double m = shares.sides[i].n_cells;
    if (shares.sides[i].is_wanted) out[first + i].sampling = std::max(0.0, (m - 1) / m * spread[i]);
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
  std::vector<double> sums(256, 0.0);
  for (std::size_t g = 0; g < n_genes; ++g) {
    std::fill(sums.begin(), sums.begin() + static_cast<std::ptrdiff_t>(n_parts), 0.0);
    for (std::uint64_t e = counts.begin[g]; e < counts.begin[g + 1]; ++e) {
      sums[0] += counts.count[e];
      for (std::size_t s = 0; s < parts.n_splits; ++s) sums[parts.of_split(s)[counts.cell[e]]] += counts.count[e];
    }
    for (std::size_t p = 0; p < n_parts; ++p) pooled[p][g] = sums[p];
  }

  std::vector<PooledProfile> out(n_parts);
  for (std::size_t p = 0; p < n_parts; ++p) {
    out[p].n_cells = parts.size(p);
    out[p].y = pooled_log(pooled[p]);
  }
  add_sampling(counts, nullptr, 0, pooled, wanted, out);
  for (std::size_t s = 0; s < parts.n_splits; ++s) {
    add_sampling(counts, parts.of_split(s), half_a(s), pooled, wanted, out);
  }
  out[0].pooled = std::move(pooled[0]);
  return out;
}

}  // namespace headroom
