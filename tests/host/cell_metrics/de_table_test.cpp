// The rank test from stored values, halves and zeros by counting, against the definition cell by cell.
#include "cell_metrics/de_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "deg/benjamini_hochberg.hpp"

namespace headroom {
namespace de_table_test {

using Dense = std::vector<std::vector<double>>;  // cells: genes

GroupCounts counts_of(const Dense& cells, std::size_t n_genes) {
  CellRows rows;
  rows.begin.push_back(0);
  for (const auto& cell : cells) {
    rows.batch.push_back(0);
    for (std::uint32_t g = 0; g < n_genes; ++g) {
      if (cell[g] == 0) continue;
      rows.gene.push_back(g);
      rows.value.push_back(cell[g]);
    }
    rows.begin.push_back(rows.gene.size());
  }
  GroupCounts counts;
  make_group_counts(rows, n_genes, counts);
  return counts;
}

Dense random_cells(std::size_t n, std::size_t n_genes, std::mt19937& random) {
  Dense cells;
  for (std::size_t c = 0; c < n; ++c) {
    std::vector<double> cell;
    // Few different totals, so that equal fractions occur within and between groups.
    for (std::size_t g = 0; g < n_genes; ++g)
      cell.push_back(random() % 3 == 0 ? 0.0 : static_cast<double>(random() % (g + 2)));
    cells.push_back(cell);
  }
  return cells;
}

double fraction(const std::vector<double>& cell, std::size_t g) {
  double total = 0;
  for (const double x : cell) total += x;
  return total > 0 ? cell[g] / total : 0;
}

// Mid-ranks of all cells together.
double p_by_definition(const Dense& target, const Dense& control, std::size_t g) {
  std::vector<std::pair<double, bool>> all;
  for (const auto& cell : target) all.emplace_back(fraction(cell, g), true);
  for (const auto& cell : control) all.emplace_back(fraction(cell, g), false);
  std::sort(all.begin(), all.end());
  double rank_sum = 0, ties = 0;
  for (std::size_t i = 0, end = 0; i < all.size(); i = end) {
    while (end < all.size() && all[end].first == all[i].first) ++end;
    const auto t = static_cast<double>(end - i);
    ties += t * t * t - t;
    for (std::size_t j = i; j < end; ++j) rank_sum += all[j].second ? static_cast<double>(i + 1 + end) / 2 : 0;
  }
  const auto n1 = static_cast<double>(target.size()), n0 = static_cast<double>(control.size()), n = n1 + n0;
  const double u = rank_sum - n1 * (n1 + 1) / 2;
  const double s = std::sqrt(n1 * n0 / 12 * ((n + 1) - ties / (n * (n - 1))));
  if (!(s > 0)) return 1;
  return std::min(1.0, std::erfc((std::max(u, n1 * n0 - u) - n1 * n0 / 2 - 0.5) / s / std::sqrt(2.0)));
}

Dense part_of(const Dense& cells, const CellParts& parts, std::size_t part) {
  if (part == 0) return cells;
  Dense out;
  for (std::size_t c = 0; c < cells.size(); ++c) {
    if (parts.of_split((part - 1) / 2)[c] == part) out.push_back(cells[c]);
  }
  return out;
}

TEST(DeTables, AreTheDefinitionsForTheWholeAndAllHalves) {
  std::mt19937 random(5);
  ThreadPool pool(2);
  constexpr std::size_t kGenes = 12;
  // Odd and even controls; splits that fill less than a vector, the official number, and more than one vector.
  for (const auto& [n_control, n_splits] :
       {std::pair{7u, 3u}, std::pair{150u, 3u}, std::pair{150u, 5u}, std::pair{151u, 5u}, std::pair{75u, 9u}}) {
    const Dense control = random_cells(n_control, kGenes, random), target = random_cells(13, kGenes, random);
    const std::vector<std::size_t> sizes{n_control, 13};
    const auto parts = split_groups(sizes, split_seeds(n_splits));
    const ControlColumns columns = make_control_columns(counts_of(control, kGenes), parts[0], pool);
    DeBuffers buffers;
    const auto tables = de_tables(counts_of(target, kGenes), parts[1], columns, buffers);
    ASSERT_EQ(tables.size(), 1 + 2 * n_splits);
    for (std::size_t part = 0; part < tables.size(); ++part) {
      const Dense t = part_of(target, parts[1], part), c = part_of(control, parts[0], part);
      EXPECT_EQ(c.size(), columns.n_cells[part]);
      std::vector<double> p;
      for (std::size_t g = 0; g < kGenes; ++g) {
        double mean_c = 0, mean_t = 0;
        for (const auto& cell : c) mean_c += 1e6 * fraction(cell, g) / static_cast<double>(c.size());
        for (const auto& cell : t) mean_t += 1e6 * fraction(cell, g) / static_cast<double>(t.size());
        ASSERT_EQ(tables[part].is_tested(g), mean_c > 5);
        if (!tables[part].is_tested(g)) continue;
        EXPECT_NEAR(tables[part].p[g], p_by_definition(t, c, g), 1e-12) << part << ' ' << g;
        EXPECT_NEAR(tables[part].lfc[g], std::log2((mean_t + 1e-9) / (mean_c + 1e-9)), 1e-9);
        p.push_back(tables[part].p[g]);
      }
      const auto q = adjusted_p(p);
      std::size_t next = 0;
      for (std::size_t g = 0; g < kGenes; ++g) {
        if (tables[part].is_tested(g)) {
          EXPECT_EQ(tables[part].q[g], q[next++]);
        }
      }
    }
  }
}

TEST(DeTables, OfATileAreThoseOfItsCells) {
  std::mt19937 random(6);
  ThreadPool pool(1);
  constexpr std::size_t kGenes = 9;
  const Dense control = random_cells(80, kGenes, random);
  const ControlColumns columns = make_control_columns(counts_of(control, kGenes), whole_group(80), pool);
  const std::vector<double> profile{0, 1, 2, 0.5, 3, 1, 0.25, 4, 2};
  DeBuffers buffers;
  const auto cells = de_tables(counts_of(Dense(11, profile), kGenes), whole_group(11), columns, buffers)[0];
  const DeTable tile = de_table_of_tile(profile, 11, columns);
  for (std::size_t g = 0; g < kGenes; ++g) {
    ASSERT_EQ(tile.is_tested(g), cells.is_tested(g));
    if (!tile.is_tested(g)) continue;
    EXPECT_DOUBLE_EQ(tile.p[g], cells.p[g]);
    EXPECT_DOUBLE_EQ(tile.q[g], cells.q[g]);
    EXPECT_NEAR(tile.lfc[g], cells.lfc[g], 1e-12);
  }
}

// Cells without counts, a silent perturbation, and groups that all hold the same.
TEST(DeTables, TakeEmptyCellsAsZeros) {
  ThreadPool pool(1);
  const Dense control{{3, 1}, {2, 2}, {0, 0}, {1, 3}};
  const ControlColumns columns = make_control_columns(counts_of(control, 2), whole_group(4), pool);
  DeBuffers buffers;
  const Dense silent(5, {0, 0});
  const auto table = de_tables(counts_of(silent, 2), whole_group(5), columns, buffers)[0];
  for (std::size_t g = 0; g < 2; ++g) {
    EXPECT_NEAR(table.p[g], p_by_definition(silent, control, g), 1e-12);
    EXPECT_LT(table.lfc[g], -40);
  }
  const Dense equal(3, {1, 1});
  const ControlColumns same = make_control_columns(counts_of(equal, 2), whole_group(3), pool);
  EXPECT_EQ(de_tables(counts_of(equal, 2), whole_group(3), same, buffers)[0].p[0], 1);
}

// 20 of 200 cells with one of 20,000 counts: a mean of 5 and no more, which sums of fractions would miss.
TEST(DeTables, AMeanOfExactlyFivePerMillionIsBelowTheGate) {
  ThreadPool pool(1);
  Dense control(200, {0, 20000});
  for (std::size_t c = 0; c < 20; ++c) control[c] = {1, 19999};
  const ControlColumns at = make_control_columns(counts_of(control, 2), whole_group(200), pool);
  EXPECT_EQ(at.mean[0], 5);
  EXPECT_FALSE(at.is_tested(0, 0));
  control[20] = {1, 19999};
  EXPECT_TRUE(make_control_columns(counts_of(control, 2), whole_group(200), pool).is_tested(0, 0));
}

TEST(DeTables, EqualMeansAreAChangeOfExactlyZero) {
  ThreadPool pool(1);
  DeBuffers buffers;
  std::mt19937 random(5);
  const Dense control = random_cells(150, 40, random);
  const GroupCounts counts = counts_of(control, 40);
  const ControlColumns columns = make_control_columns(counts, whole_group(150), pool);
  const auto of_copy = de_tables(counts, whole_group(150), columns, buffers)[0];
  std::size_t n_tested = 0;
  for (std::size_t g = 0; g < 40; ++g) {
    if (!columns.is_tested(0, g)) continue;
    EXPECT_EQ(of_copy.lfc[g], 0) << g;
    ++n_tested;
  }
  EXPECT_GT(n_tested, 30u);
  // Constant in both groups, in groups of different sizes.
  const ControlColumns constant = make_control_columns(counts_of(Dense(30, {1, 999}), 2), whole_group(30), pool);
  EXPECT_EQ(de_tables(counts_of(Dense(3, {1, 999}), 2), whole_group(3), constant, buffers)[0].lfc[0], 0);
}

}  // namespace de_table_test
}  // namespace headroom
