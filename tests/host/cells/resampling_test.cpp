#include "cells/resampling.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace headroom {
namespace resampling_test {

const std::vector<BatchSpan> kSpans = {{0, 0, 7}, {3, 7, 8}, {4, 8, 20}};
constexpr LaneLayout kLayout{4, 3, 2};

ResampledCells resampled(std::uint64_t key, std::uint32_t role, const LaneLayout& layout,
                         const std::vector<BatchSpan>& spans, const std::vector<std::uint32_t>& batch_draws,
                         const std::vector<bool>& splits) {
  ResampledCells out;
  out.counts.assign(3, 7);  // what is left of earlier use must not count
  out.worth.assign(1'000, 7);
  resample_cells(key, role, layout, spans, batch_draws, splits, out);
  return out;
}

ResampledCells resample(std::uint64_t key, const std::vector<std::uint32_t>& batch_draws) {
  return resampled(key, 0, kLayout, kSpans, batch_draws, {true, false, true});
}

TEST(LaneLayout, LanesFollowEachOther) {
  EXPECT_EQ(kLayout.n_draws(), 12);
  EXPECT_EQ(kLayout.half_a(0), 12);
  EXPECT_EQ(kLayout.half_b(0), 14);
  EXPECT_EQ(kLayout.n_used(), 16);
  EXPECT_EQ(kLayout.n_lanes(), 16);
  EXPECT_EQ((LaneLayout{10, 10, 10}.n_lanes()), 120);
  EXPECT_EQ((LaneLayout{1, 1, 0}.n_lanes()), 8);
}

TEST(DrawBatches, EveryOuterDrawTakesAsManyBatchesAsThereAre) {
  const auto times = draw_batches(5, 50, 4);
  std::vector<int> taken(4);
  for (int o = 0; o < 50; ++o) {
    EXPECT_EQ(std::accumulate(times.begin() + o * 4, times.begin() + o * 4 + 4, 0u), 4u);
    for (int b = 0; b < 4; ++b) taken[b] += static_cast<int>(times[o * 4 + b]);
  }
  for (const int n : taken) EXPECT_NEAR(n, 50, 4.5 * std::sqrt(200 * 0.25 * 0.75));
  EXPECT_NE(times, draw_batches(6, 50, 4));
}

TEST(DrawBatches, OneBatchIsAlwaysTakenOnce) {
  EXPECT_EQ(draw_batches(5, 3, 1), (std::vector<std::uint32_t>{1, 1, 1}));
}

TEST(ResampleCells, EveryLaneIsAMeanOverDrawnBatchesOfDrawnCells) {
  const auto batch_draws = draw_batches(11, kLayout.n_outer, 3);
  const ResampledCells cells = resample(11, batch_draws);
  const auto lanes = static_cast<std::size_t>(kLayout.n_lanes());
  for (int o = 0; o < kLayout.n_outer; ++o) {
    for (int i = 0; i < kLayout.n_inner; ++i) {
      const std::size_t lane = static_cast<std::size_t>(o * kLayout.n_inner + i);
      double weight = 0;
      for (std::size_t s = 0; s < kSpans.size(); ++s) {
        std::uint64_t count = 0;
        for (std::uint32_t c = kSpans[s].begin; c < kSpans[s].end; ++c) count += cells.counts[c * lanes + lane];
        EXPECT_EQ(count, std::uint64_t{batch_draws[static_cast<std::size_t>(o) * 3 + s]} * kSpans[s].n_cells());
        weight += static_cast<double>(count) * cells.worth[s * lanes + lane];
      }
      EXPECT_NEAR(weight, 1, 1e-12);
    }
  }
}

TEST(ResampleCells, HalvesAreDisjointAndCoverTheSplitBatches) {
  const ResampledCells cells = resample(11, draw_batches(11, kLayout.n_outer, 3));
  const auto lanes = static_cast<std::size_t>(kLayout.n_lanes());
  for (int k = 0; k < kLayout.n_splits; ++k) {
    const auto a = static_cast<std::size_t>(kLayout.half_a(k)), b = static_cast<std::size_t>(kLayout.half_b(k));
    double weight_a = 0, weight_b = 0;
    for (std::size_t s = 0; s < kSpans.size(); ++s) {
      std::uint32_t n_a = 0;
      for (std::uint32_t c = kSpans[s].begin; c < kSpans[s].end; ++c) {
        const unsigned in_a = cells.counts[c * lanes + a], in_b = cells.counts[c * lanes + b];
        EXPECT_EQ(in_a + in_b, s == 1 ? 0u : 1u);  // batch 3 has one cell and is in neither
        n_a += in_a;
        weight_a += in_a * cells.worth[s * lanes + a];
        weight_b += in_b * cells.worth[s * lanes + b];
      }
      EXPECT_EQ(n_a, s == 1 ? 0u : kSpans[s].n_cells() / 2);
    }
    EXPECT_NEAR(weight_a, 1, 1e-12);
    EXPECT_NEAR(weight_b, 1, 1e-12);
  }
}

TEST(ResampleCells, CellsOfABatchAreDrawnEvenly) {
  constexpr LaneLayout layout{200, 10, 0};
  const std::vector<BatchSpan> spans = {{2, 0, 5}};
  const ResampledCells cells = resampled(3, 0, layout, spans, draw_batches(3, layout.n_outer, 1), {true});
  for (std::uint32_t c = 0; c < 5; ++c) {
    double n = 0;
    for (int lane = 0; lane < layout.n_draws(); ++lane) n += cells.counts[c * layout.n_lanes() + lane];
    EXPECT_NEAR(n, 2000, 4.5 * std::sqrt(10'000 * 0.2 * 0.8)) << "cell " << c;
  }
}

// A batch's draws do not depend on which other batches there are: streams are keyed by the batch.
TEST(ResampleCells, BatchesDrawApart) {
  constexpr LaneLayout layout{1, 4, 0};
  const std::vector<BatchSpan> alone = {{4, 0, 12}}, second = {{1, 0, 3}, {4, 3, 15}};
  const ResampledCells one = resampled(8, 0, layout, alone, {1}, {false});
  const ResampledCells two = resampled(8, 0, layout, second, {1, 1}, {false, false});
  const ResampledCells other_role = resampled(8, 1, layout, alone, {1}, {false});
  bool differs = false;
  for (std::size_t i = 0; i < one.counts.size(); ++i) {
    EXPECT_EQ(one.counts[i], two.counts[3 * static_cast<std::size_t>(layout.n_lanes()) + i]);
    differs = differs || one.counts[i] != other_role.counts[i];
  }
  EXPECT_TRUE(differs);
}

}  // namespace resampling_test
}  // namespace headroom
