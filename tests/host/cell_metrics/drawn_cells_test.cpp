#include "cell_metrics/drawn_cells.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "host/cell_metrics/negative_binomial_cells.hpp"

namespace headroom {
namespace drawn_cells_test {

constexpr std::size_t kGenes = 400, kCells = 60;

double mean_total(const GroupCounts& cells) {
  return std::accumulate(cells.total.begin(), cells.total.end(), 0.0) / static_cast<double>(cells.n_cells);
}

TEST(DrawCells, AreOfTheDepthThatIsAskedForAndOfTheirKeyAlone) {
  const std::vector<double> share = testing::shares(kGenes), dispersion(kGenes, 0.2), totals{3000, 4000, 5000};
  GroupCounts drawn, again;
  draw_cells(share, dispersion, {kCells, &totals}, 99, 3, drawn);
  draw_cells(share, dispersion, {kCells, &totals}, 99, 3, again);
  EXPECT_EQ(drawn.count, again.count);
  EXPECT_EQ(drawn.cell, again.cell);
  EXPECT_EQ(drawn.n_cells, kCells);
  EXPECT_NEAR(mean_total(drawn), 4000, 400);
  for (std::size_t g = 0; g < kGenes; ++g) {
    for (std::uint64_t e = drawn.begin[g]; e + 1 < drawn.begin[g + 1]; ++e) ASSERT_LT(drawn.cell[e], drawn.cell[e + 1]);
  }
  draw_cells(share, dispersion, {kCells, &totals, 0.5}, 99, 3, again);
  EXPECT_NEAR(mean_total(again), 2000, 200);
}

// Mean and variance of a gene's counts, among genes that are drawn cell by cell and those that are drawn for all.
TEST(DrawCells, HaveTheMomentsOfTheirLaw) {
  constexpr std::size_t kMany = 4000;
  const std::vector<double> share{0.6, 0.35, 0.0499, 0.0001}, dispersion{0.3, 0.1, 0.5, 0.4}, totals{200};
  GroupCounts drawn;
  draw_cells(share, dispersion, {kMany, &totals}, 5, 0, drawn);
  for (std::size_t g = 0; g < share.size(); ++g) {
    double sum = 0, squares = 0;
    for (std::uint64_t e = drawn.begin[g]; e < drawn.begin[g + 1]; ++e) {
      sum += drawn.count[e];
      squares += drawn.count[e] * drawn.count[e];
    }
    const double n = kMany, mean = sum / n, expected = 200 * share[g];
    const double variance = expected + dispersion[g] * expected * expected;
    EXPECT_NEAR(mean, expected, 4 * std::sqrt(variance / n)) << g;
    EXPECT_NEAR(squares / n - mean * mean, variance, 0.15 * variance) << g;
  }
}

}  // namespace drawn_cells_test
}  // namespace headroom
