#include "cells/cell_buckets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "memory_cells.hpp"

namespace headroom {
namespace cell_buckets_test {

using ::testing::HasSubstr;

MemoryCells random_source(unsigned seed, std::size_t n_cells, std::size_t n_genes, bool integers) {
  MemoryCells source;
  source.genes = n_genes;
  std::mt19937 random(seed);
  for (std::size_t c = 0; c < n_cells; ++c) {
    std::vector<MemoryEntry> cell;
    for (std::uint32_t g = 0; g < n_genes; ++g) {
      if (random() % 3 == 0)
        cell.push_back({g, integers ? 1.0 + random() % 9 : 0.1 + static_cast<double>(random() % 99)});
    }
    source.cells.push_back(std::move(cell));
    source.table["pert_id"].push_back(std::array{"control", "A", "B"}[random() % 3]);
    source.table["batch"].push_back(std::array{"1", "2"}[random() % 2]);
  }
  return source;
}

CellBuckets::Options options_for(const MemoryCells& source, CellValues values) {
  CellBuckets::Options options;
  options.values = values;
  for (std::uint32_t g = 0; g < source.genes; ++g) options.gene_map.push_back(g);
  options.n_genes = static_cast<std::uint32_t>(source.genes);
  options.spill_folder = ::testing::TempDir();
  options.where = source.path();
  options.cell_name = [](std::uint64_t cell) { return "cell" + std::to_string(cell); };
  options.gene_name = [](std::uint32_t gene) { return "G" + std::to_string(gene); };
  return options;
}

// All groups' cells, as [group] → rows; or the error.
Result<std::vector<CellRows>> gather(MemoryCells& source, CellBuckets::Options options, int n_threads = 1) {
  const auto groups = group_cells(source, {}, Design::global, 1);
  EXPECT_TRUE(groups.has_value());
  CellBuckets buckets(*groups, source, std::move(options));
  ThreadPool pool(n_threads);
  NoProgress progress;
  if (auto done = source.deliver(buckets, pool, progress, {}); !done) return tl::unexpected(done.error());
  std::vector<CellRows> all;
  CellRows rows;
  CellBuckets::TakeBuffers buffers;
  for (std::uint32_t g = 0; g < groups->groups.size(); ++g) {
    if (auto taken = buckets.take(g, rows, buffers); !taken) return tl::unexpected(taken.error());
    all.push_back(rows);
  }
  return all;
}

// What the pass found of values that are not what they were said to be, as doubts; or the error.
std::string doubts_of(double value, CellValues values, bool entries) {
  MemoryCells source;
  source.entries = entries;
  source.genes = 2;
  source.cells = {{{0, 1}}, {{0, 1}, {1, value}}};
  source.table["pert_id"] = {"control", "A"};
  const auto groups = group_cells(source, {}, Design::global, 1);
  EXPECT_TRUE(groups.has_value());
  CellBuckets::Options options = options_for(source, values);
  const ValueNames names{options.where, options.cell_name, options.gene_name};
  CellBuckets buckets(*groups, source, std::move(options));
  ThreadPool pool(1);
  NoProgress progress;
  if (auto done = source.deliver(buckets, pool, progress, {}); !done) return done.error().line();
  Review review;
  const auto findings = buckets.findings([](std::uint32_t) { return std::string("group"); });
  if (auto done = review_values(findings, values, kCellTotal, names, review); !done) return done.error().line();
  return review.doubts().empty() ? "accepted" : review.doubts().front().error().line();
}

// What a group's cells should be: by batch, then in the file's order, log-normalised.
CellRows naive_group(const MemoryCells& source, const std::string& pert, CellValues values) {
  CellRows rows;
  rows.begin.push_back(0);
  for (std::uint32_t batch : {0u, 1u}) {
    for (std::size_t c = 0; c < source.cells.size(); ++c) {
      if (source.table.at("pert_id")[c] != pert || source.table.at("batch")[c] != std::to_string(batch + 1)) continue;
      double total = 0;
      for (const MemoryEntry& e : source.cells[c]) total += e.value;
      for (const MemoryEntry& e : source.cells[c]) {
        rows.gene.push_back(e.gene);
        rows.value.push_back(values == CellValues::counts ? std::log1p(e.value * (10'000 / total)) : e.value);
      }
      rows.batch.push_back(batch);
      rows.begin.push_back(rows.gene.size());
    }
  }
  return rows;
}

void expect_equal(const CellRows& found, const CellRows& expected) {
  EXPECT_EQ(found.batch, expected.batch);
  EXPECT_EQ(found.begin, expected.begin);
  EXPECT_EQ(found.gene, expected.gene);
  EXPECT_EQ(found.value, expected.value);
}

TEST(CellBuckets, GiveEveryGroupItsCells) {
  for (const bool entries : {false, true}) {
    for (const CellValues values : {CellValues::counts, CellValues::asis}) {
      MemoryCells source = random_source(1, 50, 40, values == CellValues::counts);
      source.entries = entries;
      const auto groups = gather(source, options_for(source, values), 2);
      ASSERT_TRUE(groups.has_value()) << groups.error().line();
      ASSERT_EQ(groups->size(), 3u);
      expect_equal((*groups)[0], naive_group(source, "control", values));
      expect_equal((*groups)[1], naive_group(source, "A", values));
      expect_equal((*groups)[2], naive_group(source, "B", values));
    }
  }
}

TEST(CellBuckets, ThroughTheTemporaryFileNothingChanges) {
  MemoryCells source = random_source(2, 6'000, 60, true);
  source.batch_cells = 500;
  CellBuckets::Options options = options_for(source, CellValues::counts);
  options.memory_limit_bytes = 100'000;
  const auto groups = gather(source, options, 2);
  ASSERT_TRUE(groups.has_value()) << groups.error().line();
  expect_equal((*groups)[1], naive_group(source, "A", CellValues::counts));
}

TEST(CellBuckets, TotalsRunOverAllGenesKeptOrNot) {
  for (const bool entries : {false, true}) {
    MemoryCells source;
    source.entries = entries;
    source.genes = 3;
    source.cells = {{{0, 1}, {1, 2}, {2, 7}}, {{2, 5}}};
    source.table["pert_id"] = {"A", "control"};
    CellBuckets::Options options = options_for(source, CellValues::counts);
    options.gene_map = {GeneChoice::kDropped, 0, 1};
    options.n_genes = 2;
    const auto groups = gather(source, options);
    ASSERT_TRUE(groups.has_value());
    EXPECT_THAT((*groups)[1].gene, ::testing::ElementsAre(0u, 1u));
    EXPECT_DOUBLE_EQ((*groups)[1].value[0], std::log1p(2 * 1000.0));
    EXPECT_DOUBLE_EQ((*groups)[1].value[1], std::log1p(7 * 1000.0));
  }
}

TEST(CellBuckets, UnsortedAndRepeatedGenesAreSortedAndSummed) {
  MemoryCells source;
  source.genes = 4;
  source.cells = {{{3, 1}, {0, 2}, {3, 4}, {1, 0}}, {{0, 1}}};
  source.table["pert_id"] = {"A", "control"};
  const auto groups = gather(source, options_for(source, CellValues::counts));
  ASSERT_TRUE(groups.has_value());
  EXPECT_THAT((*groups)[1].gene, ::testing::ElementsAre(0u, 3u));  // the explicit zero is gone
  EXPECT_DOUBLE_EQ((*groups)[1].value[1], std::log1p(5 * (10'000 / 7.0)));
}

TEST(CellBuckets, LargeCountsAreKept) {
  for (const bool entries : {false, true}) {
    MemoryCells source;
    source.entries = entries;
    source.genes = 3;
    source.cells = {{{0, 65534}, {1, 65535}, {2, 3e9}}, {{0, 100'000}}};
    source.table["pert_id"] = {"A", "control"};
    const auto groups = gather(source, options_for(source, CellValues::counts));
    ASSERT_TRUE(groups.has_value());
    const double total = 65534 + 65535 + 3e9;
    for (int i = 0; i < 3; ++i) {
      EXPECT_DOUBLE_EQ((*groups)[1].value[static_cast<std::size_t>(i)],
                       std::log1p(std::array{65534.0, 65535.0, 3e9}[static_cast<std::size_t>(i)] * (10'000 / total)));
    }
    EXPECT_DOUBLE_EQ((*groups)[0].value[0], std::log1p(10'000));
  }
}

TEST(CellBuckets, MoreGenesThanSixteenBitsHold) {
  MemoryCells source;
  source.genes = 70'000;
  source.cells = {{{5, 1}, {69'999, 3}}, {{0, 1}}};
  source.table["pert_id"] = {"A", "control"};
  const auto groups = gather(source, options_for(source, CellValues::counts));
  ASSERT_TRUE(groups.has_value());
  EXPECT_THAT((*groups)[1].gene, ::testing::ElementsAre(5u, 69'999u));
  EXPECT_DOUBLE_EQ((*groups)[1].value[1], std::log1p(7'500));
}

TEST(CellBuckets, AnEmptyCellStaysACell) {
  MemoryCells source;
  source.genes = 2;
  source.cells = {{}, {{0, 1}}, {{0, 4}}};
  source.table["pert_id"] = {"A", "control", "A"};
  const auto groups = gather(source, options_for(source, CellValues::counts));
  ASSERT_TRUE(groups.has_value());
  EXPECT_EQ((*groups)[1].n_cells(), 2u);
  EXPECT_EQ((*groups)[1].begin, (std::vector<std::uint64_t>{0, 0, 1}));
}

TEST(CellBuckets, FindsValuesThatAreNotWhatTheyWereSaidToBe) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN(), kInf = std::numeric_limits<double>::infinity();
  for (const bool entries : {false, true}) {
    EXPECT_THAT(doubts_of(1.5, CellValues::counts, entries),
                HasSubstr("[values.not_counts] 1 value is not a count: 1.5 of gene 'G1' in cell 'cell1' (row 1) "
                          "(memory.h5ad): name raw counts with --layer (counts, or raw)"));
    EXPECT_THAT(doubts_of(1.5, CellValues::counts, entries), ::testing::Not(HasSubstr("log1p")))
        << "a remedy must not accept anything";
    EXPECT_THAT(doubts_of(-2, CellValues::counts, entries), HasSubstr("is negative"));
    EXPECT_THAT(doubts_of(kNaN, CellValues::counts, entries), HasSubstr("is not a number"));
    EXPECT_THAT(doubts_of(kInf, CellValues::counts, entries), HasSubstr("is not a number"));
    EXPECT_THAT(doubts_of(1e17, CellValues::counts, entries), HasSubstr("is not a count"));
    EXPECT_THAT(doubts_of(-0.1, CellValues::log1p, entries), HasSubstr("is negative"));
    EXPECT_EQ(doubts_of(1.5, CellValues::log1p, entries), "accepted");
    EXPECT_THAT(doubts_of(9.5, CellValues::log1p, entries), HasSubstr("larger than log1p of 10000"));
    EXPECT_EQ(doubts_of(-1.5, CellValues::asis, entries), "accepted");
    EXPECT_EQ(doubts_of(1.5, CellValues::fractional, entries), "accepted");
    EXPECT_EQ(doubts_of(1.5, CellValues::scaled, entries), "accepted");
    EXPECT_THAT(doubts_of(-1.5, CellValues::fractional, entries), HasSubstr("is negative"));
    EXPECT_THAT(doubts_of(kNaN, CellValues::asis, entries), HasSubstr("is not a number"));
  }
}

}  // namespace cell_buckets_test
}  // namespace headroom
