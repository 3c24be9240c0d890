// The jackknife by series against the definition, every cell left out in turn.
#include "cell_metrics/pooled_profile.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace headroom {
namespace pooled_profile_test {

GroupCounts random_counts(std::size_t n_cells, std::size_t n_genes, double mean, double spread, std::mt19937& random) {
  CellRows rows;
  rows.begin.push_back(0);
  std::lognormal_distribution<double> depth(0, spread);
  for (std::size_t c = 0; c < n_cells; ++c) {
    rows.batch.push_back(0);
    const double scale = depth(random);
    for (std::uint32_t g = 0; g < n_genes; ++g) {
      // From genes that hold most counts to ones with a single count somewhere.
      std::poisson_distribution<int> count(mean * scale * std::exp(-0.25 * g));
      const int x = count(random);
      if (x == 0) continue;
      rows.gene.push_back(g);
      rows.value.push_back(x);
    }
    rows.begin.push_back(rows.gene.size());
  }
  GroupCounts counts;
  make_group_counts(rows, n_genes, counts);
  return counts;
}

double sampling_by_definition(const GroupCounts& counts, const CellParts& parts, std::size_t part) {
  const std::uint8_t* const of = part == 0 ? nullptr : parts.of_split((part - 1) / 2);
  const auto is_in = [&](std::size_t c) { return of == nullptr || of[c] == part; };
  double all = 0, m = 0;
  for (std::size_t c = 0; c < counts.n_cells; ++c) {
    all += is_in(c) ? counts.total[c] : 0;
    m += is_in(c) ? 1 : 0;
  }
  double spread = 0;
  for (std::size_t g = 0; g < counts.n_genes(); ++g) {
    std::vector<double> x(counts.n_cells, 0.0);
    double pooled = 0;
    for (std::uint64_t e = counts.begin[g]; e < counts.begin[g + 1]; ++e) {
      x[counts.cell[e]] = counts.count[e];
      pooled += is_in(counts.cell[e]) ? counts.count[e] : 0;
    }
    std::vector<long double> v;
    long double mean = 0;
    for (std::size_t c = 0; c < counts.n_cells; ++c) {
      if (!is_in(c)) continue;
      const long double rest = all - counts.total[c];
      v.push_back(rest > 0 ? std::log1p(5e4L * (pooled - x[c]) / rest) : 0);
      mean += v.back() / m;
    }
    for (const long double each : v) spread += static_cast<double>((each - mean) * (each - mean));
  }
  return (m - 1) / m * spread;
}

TEST(PooledProfiles, HaveTheJackknifesSpread) {
  std::mt19937 random(8);
  struct Shape {
    std::size_t n_cells;
    double mean, spread;
  };
  // Many cells (series), few cells (one by one), very unequal cells, and nearly nothing; many counts of hundreds, of
  // some tens and of a dozen cells a half, for which series of different lengths serve.
  for (const Shape shape : {Shape{120, 6, 0.3}, Shape{5, 6, 0.3}, Shape{60, 20, 1.2}, Shape{40, 0.2, 0.1},
                            Shape{2, 3, 0}, Shape{700, 3000, 0.2}, Shape{150, 3000, 0.2}, Shape{31, 3000, 0.1}}) {
    const GroupCounts counts = random_counts(shape.n_cells, 24, shape.mean, shape.spread, random);
    const std::vector<std::size_t> sizes{shape.n_cells};
    const CellParts parts = split_groups(sizes, std::vector<std::uint32_t>{11, 12})[0];
    const auto profiles = pooled_profiles(counts, parts);
    ASSERT_EQ(profiles.size(), 5u);
    for (std::size_t p = 0; p < profiles.size(); ++p) {
      const double expected = profiles[p].n_cells < 2 ? 0 : sampling_by_definition(counts, parts, p);
      EXPECT_NEAR(profiles[p].sampling, expected, 1e-11 * std::max(1.0, expected)) << shape.n_cells << ' ' << p;
    }
  }
}

TEST(PooledProfiles, PoolCountsAndCountAnOddCellNowhere) {
  std::mt19937 random(9);
  const GroupCounts counts = random_counts(7, 5, 4, 0.2, random);
  const std::vector<std::size_t> sizes{7};
  const CellParts parts = split_groups(sizes, std::vector<std::uint32_t>{3})[0];
  const auto profiles = pooled_profiles(counts, parts);
  EXPECT_EQ(profiles[0].n_cells, 7u);
  EXPECT_EQ(profiles[1].n_cells, 3u);
  EXPECT_EQ(profiles[2].n_cells, 3u);
  double all = 0;
  for (const double total : counts.total) all += total;
  for (std::size_t g = 0; g < 5; ++g)
    EXPECT_NEAR(profiles[0].y[g], std::log1p(5e4 * profiles[0].pooled[g] / all), 1e-14);
}

TEST(PooledProfiles, OfSilentOrSingleCellsHaveNoSpread) {
  CellRows rows;
  rows.begin = {0, 0, 0};
  rows.batch = {0, 0};
  GroupCounts silent;
  make_group_counts(rows, 3, silent);
  const auto profile = pooled_profiles(silent, whole_group(2))[0];
  EXPECT_EQ(profile.sampling, 0);
  EXPECT_EQ(profile.y, std::vector<double>(3, 0.0));
  rows = {{0}, {0, 1}, {1}, {4.0}};
  GroupCounts single;
  make_group_counts(rows, 3, single);
  EXPECT_EQ(pooled_profiles(single, whole_group(1))[0].sampling, 0);
}

}  // namespace pooled_profile_test
}  // namespace headroom
