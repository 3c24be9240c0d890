// The bootstrap against draws that are made one by one from dense copies, the way the definition reads.
#include "cells/bootstrap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "cells/random_stream.hpp"
#include "numerics/quantile.hpp"
#include "random_cells.hpp"

namespace headroom {
namespace bootstrap_test {

constexpr std::uint32_t kGenes = 301;    // more than a tile, and no multiple of anything
constexpr double kTolerance = 1e-9;      // sums in another order, through roots and quotients
constexpr double kRankTolerance = 1e-5;  // float32 ranks: neighbours may trade places

const BootstrapOptions kOptions{4, 5, 3, 77};

struct TwoGroups {
  CellRows control = random_cells(1, {30, 25, 1100, 8}, kGenes, 0.15);  // more cells than a block holds
  CellRows pert = random_cells(2, {12, 0, 1, 9}, kGenes, 0.15);
};

ContextControl control_of(const TwoGroups& setup, Design design, int n_threads,
                          const BootstrapOptions& options = kOptions) {
  ThreadPool pool(n_threads);
  NoProgress progress;
  return prepare_control(setup.control, design, kGenes, "line", options, pool, progress, {});
}

PerturbationEstimate estimate(const TwoGroups& setup, Design design, int n_threads = 1,
                              const BootstrapOptions& options = kOptions) {
  const ContextControl control = control_of(setup, design, n_threads, options);
  BootstrapWorkspace workspace(control);
  return estimate_perturbation(control, setup.pert, "P1", workspace);
}

ResampledCells resampled(std::uint64_t key, std::uint32_t role, const LaneLayout& layout,
                         const std::vector<BatchSpan>& spans, const std::vector<std::uint32_t>& batch_draws,
                         const std::vector<bool>& splits) {
  ResampledCells out;
  resample_cells(key, role, layout, spans, batch_draws, splits, out);
  return out;
}

// Profiles of all lanes (lanes × genes) from dense cells and counts.
Matrix dense_profiles(const CellRows& rows, const std::vector<BatchSpan>& spans, const ResampledCells& draws,
                      int n_lanes) {
  const Matrix cells = dense_of(rows, kGenes);
  Matrix out = Matrix::Zero(n_lanes, kGenes);
  for (std::size_t s = 0; s < spans.size(); ++s) {
    for (std::uint32_t c = spans[s].begin; c < spans[s].end; ++c) {
      for (int l = 0; l < n_lanes; ++l) {
        out.row(l) += draws.counts[c * static_cast<std::size_t>(n_lanes) + static_cast<std::size_t>(l)] *
                      draws.worth[s * static_cast<std::size_t>(n_lanes) + static_cast<std::size_t>(l)] * cells.row(c);
      }
    }
  }
  return out;
}

void expect_scores(const PerturbationEstimate& found, const Matrix& draws, const LaneLayout& layout) {
  ProfileBuffers buffers(kGenes);
  std::array<std::vector<double>, kNoiseMetrics> scores;
  for (int d = 0; d < layout.n_draws(); ++d) {
    const RowVector draw = draws.row(d);
    const NoiseScores one = score_profile(draw.data(), found.delta.data(), buffers);
    for (int m = 0; m < kNoiseMetrics; ++m) scores[m].push_back(one[m]);
  }
  for (int m = 0; m < kNoiseMetrics; ++m) {
    std::sort(scores[m].begin(), scores[m].end());
    for (std::size_t q = 0; q < kNoiseQuantiles.size(); ++q) {
      EXPECT_NEAR(found.quantiles[q][m], quantile_of_sorted(scores[m], kNoiseQuantiles[q]),
                  m == static_cast<int>(NoiseMetric::spearman) ? kRankTolerance : kTolerance)
          << kNoiseMetricNames[m] << " q" << kNoiseQuantiles[q];
    }
  }
  ASSERT_TRUE(found.split_half.has_value());
  NoiseScores halves{};
  for (int k = 0; k < layout.n_splits; ++k) {
    const RowVector a = draws.row(layout.half_a(k)), b = draws.row(layout.half_b(k));
    const NoiseScores one = score_profile(a.data(), b.data(), buffers);
    for (int m = 0; m < kNoiseMetrics; ++m) halves[m] += one[m] / layout.n_splits;
  }
  for (int m = 0; m < kNoiseMetrics; ++m) {
    EXPECT_NEAR((*found.split_half)[m], halves[m], m == 3 ? kRankTolerance : kTolerance) << kNoiseMetricNames[m];
  }
}

TEST(Bootstrap, GlobalDrawsAreThoseOfTheDefinition) {
  const TwoGroups setup;
  const PerturbationEstimate found = estimate(setup, Design::global);
  const LaneLayout layout{kOptions.n_outer, kOptions.n_inner, kOptions.n_splits};
  const std::uint64_t context_key = stream_key(kOptions.seed, "line"), key = stream_key(context_key, "P1");
  const auto own_spans = batch_spans(setup.pert.batch), control_spans = batch_spans(setup.control.batch);
  const ResampledCells own =
      resampled(key, 0, layout, own_spans, draw_batches(key, layout.n_outer, 3), {true, false, true});
  const ResampledCells control = resampled(context_key, 1, layout, control_spans,
                                           draw_batches(context_key, layout.n_outer, 4), {true, true, true, true});
  expect_scores(found,
                dense_profiles(setup.pert, own_spans, own, layout.n_lanes()) -
                    dense_profiles(setup.control, control_spans, control, layout.n_lanes()),
                layout);
}

TEST(Bootstrap, MatchedDrawsTakeTheSameBatchesOfTheControl) {
  const TwoGroups setup;
  const PerturbationEstimate found = estimate(setup, Design::matched);
  const LaneLayout layout{kOptions.n_outer, kOptions.n_inner, kOptions.n_splits};
  const std::uint64_t key = stream_key(stream_key(kOptions.seed, "line"), "P1");
  const auto own_spans = batch_spans(setup.pert.batch);
  // The control's cells of batches 0, 2, 3 alone.
  CellRows paired;
  paired.begin.push_back(0);
  for (std::size_t c = 0; c < setup.control.n_cells(); ++c) {
    if (setup.control.batch[c] == 1) continue;
    for (auto e = setup.control.begin[c]; e < setup.control.begin[c + 1]; ++e) {
      paired.gene.push_back(setup.control.gene[e]);
      paired.value.push_back(setup.control.value[e]);
    }
    paired.batch.push_back(setup.control.batch[c]);
    paired.begin.push_back(paired.gene.size());
  }
  const auto paired_spans = batch_spans(paired.batch);
  const auto times = draw_batches(key, layout.n_outer, 3);
  const ResampledCells own = resampled(key, 0, layout, own_spans, times, {true, false, true});
  const ResampledCells control = resampled(key, 1, layout, paired_spans, times, {true, false, true});
  expect_scores(found,
                dense_profiles(setup.pert, own_spans, own, layout.n_lanes()) -
                    dense_profiles(paired, paired_spans, control, layout.n_lanes()),
                layout);
}

TEST(Bootstrap, ClosedFormIsTheNormOfTheStandardErrors) {
  const TwoGroups setup;
  ThreadPool pool(1);
  BatchMoments pert, control;
  batch_moments(setup.pert, kGenes, pool, pert);
  batch_moments(setup.control, kGenes, pool, control);
  EXPECT_NEAR(estimate(setup, Design::global).closed_form,
              std::sqrt(pert.squared_error.sum() / 9 + control.squared_error.sum() / 16), kTolerance);
  const double paired = control.squared_error.row(0).sum() + control.squared_error.bottomRows(2).sum();
  EXPECT_NEAR(estimate(setup, Design::matched).closed_form, std::sqrt((pert.squared_error.sum() + paired) / 9),
              kTolerance);
}

TEST(Bootstrap, ThreadsAndOtherPerturbationsDoNotChangeABit) {
  const TwoGroups setup;
  for (const Design design : {Design::global, Design::matched}) {
    const PerturbationEstimate alone = estimate(setup, design, 1), threaded = estimate(setup, design, 3);
    EXPECT_EQ(alone.quantiles, threaded.quantiles);
    EXPECT_EQ(alone.delta, threaded.delta);

    const ContextControl control = control_of(setup, design, 1);
    BootstrapWorkspace workspace(control);
    const CellRows other = random_cells(9, {3, 20, 0, 4}, kGenes, 0.3);
    estimate_perturbation(control, other, "other", workspace);
    const PerturbationEstimate second = estimate_perturbation(control, setup.pert, "P1", workspace);
    EXPECT_EQ(alone.quantiles, second.quantiles);
    EXPECT_EQ(alone.split_half, second.split_half);
  }
}

TEST(Bootstrap, SeedAndNameChangeTheDraws) {
  const TwoGroups setup;
  const ContextControl control = control_of(setup, Design::global, 1);
  BootstrapWorkspace workspace(control);
  const auto one = estimate_perturbation(control, setup.pert, "P1", workspace);
  const auto two = estimate_perturbation(control, setup.pert, "P2", workspace);
  EXPECT_NE(one.quantiles, two.quantiles);
  EXPECT_EQ(one.delta, two.delta);
  BootstrapOptions other = kOptions;
  other.seed = 78;
  EXPECT_NE(one.quantiles, estimate(setup, Design::global, 1, other).quantiles);
}

// With one batch on either side there is no outer draw, and the bootstrap's mean square is the plug-in variance.
TEST(Bootstrap, OneBatchGivesThePlugInVariance) {
  TwoGroups setup;
  setup.control = random_cells(3, {60}, kGenes, 0.3);
  setup.pert = random_cells(4, {40}, kGenes, 0.3);
  const PerturbationEstimate found = estimate(setup, Design::global, 1, {20, 20, 0, 1});
  // Each draw's MSE has 301 genes in it; medians of a sum of squares lie a little below its mean.
  const double closed = found.closed_form * found.closed_form / kGenes;
  EXPECT_NEAR(found.quantiles[2][static_cast<int>(NoiseMetric::mse)] / closed, 1, 0.06);
  EXPECT_FALSE(found.split_half.has_value());  // no splits were asked for
}

TEST(Bootstrap, ASingleCellHasNoSpreadOfItsOwnAndNoHalves) {
  TwoGroups setup;
  setup.pert = random_cells(4, {0, 1}, kGenes, 0.3);
  setup.control = random_cells(5, {0, 1}, kGenes, 0.3);
  for (const Design design : {Design::global, Design::matched}) {
    const PerturbationEstimate found = estimate(setup, design);
    EXPECT_EQ(found.n_cells, 1u);
    EXPECT_EQ(found.closed_form, 0);
    EXPECT_NEAR(found.quantiles[6][static_cast<int>(NoiseMetric::l2)], 0, kTolerance);
    EXPECT_NEAR(found.quantiles[0][static_cast<int>(NoiseMetric::pearson)], 1, kTolerance);
    EXPECT_FALSE(found.split_half.has_value());
  }
}

TEST(BootstrapOptions, AreValidated) {
  EXPECT_FALSE(validate(BootstrapOptions{}).has_value());
  EXPECT_TRUE(validate(BootstrapOptions{0, 10, 10, 0}).has_value());
  EXPECT_TRUE(validate(BootstrapOptions{10, -1, 10, 0}).has_value());
  EXPECT_TRUE(validate(BootstrapOptions{10, 10, -1, 0}).has_value());
  EXPECT_EQ(validate(BootstrapOptions{0, 10, 10, 0})->kind, ErrorKind::bad_input);
}

}  // namespace bootstrap_test
}  // namespace headroom
