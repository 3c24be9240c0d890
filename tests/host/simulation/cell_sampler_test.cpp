// The sampler of counts against the moments of the negative binomial that it claims to draw, and the expected deltas
// against the mean of many cells.
#include "simulation/cell_sampler.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "cells/random_stream.hpp"
#include "simulation/expected_deltas.hpp"
#include "simulation/normal_stream.hpp"

namespace headroom {
namespace {

// A statistic of n draws lies within this many of its standard errors; seeds are fixed, so it always does or never.
constexpr double kStandardErrors = 4.5;

ScreenModel small_model() {
  ScreenSize size;
  size.n_perturbations = 6;
  size.n_genes = 30;
  size.n_batches = 2;
  size.n_modules = 2;
  size.n_factors = 2;
  size.embedding_dim = 4;
  size.mean_depth = 120;
  return make_screen_model(size, 5);
}

TEST(CellSampler, CountsHaveTheNegativeBinomialsMomentsAndZeros) {
  const ScreenModel model = small_model();
  const ProfileSampler profile(profile_shares(model, 0, 2));
  const double depth = 120;
  const int n_cells = 40'000;
  const auto n_genes = static_cast<std::size_t>(model.size.n_genes);
  std::vector<double> sum(n_genes), squares(n_genes), zeros(n_genes, n_cells);
  std::vector<std::uint32_t> scratch(n_genes, 0);
  for (std::uint32_t cell = 0; cell < n_cells; ++cell) {
    std::vector<std::int32_t> genes;
    std::vector<float> counts;
    sample_cell(profile, model, 0, 1, depth, 99, cell, scratch, genes, counts);
    for (std::size_t i = 0; i < genes.size(); ++i) {
      if (i > 0) {
        ASSERT_LT(genes[i - 1], genes[i]);
      }
      const auto g = static_cast<std::size_t>(genes[i]);
      sum[g] += counts[i];
      squares[g] += counts[i] * counts[i];
      zeros[g] -= 1;
    }
  }
  for (std::size_t g = 0; g < n_genes; ++g) {
    const auto column = static_cast<Eigen::Index>(g);
    const double theta = model.dispersion[g];
    const double mean = depth * profile_shares(model, 0, 2)(column) * std::exp(model.batch_effect[0](1, column));
    const double variance = mean + mean * mean / theta;
    const double found_mean = sum[g] / n_cells, found_variance = squares[g] / n_cells - found_mean * found_mean;
    EXPECT_NEAR(found_mean, mean, kStandardErrors * std::sqrt(variance / n_cells)) << "gene " << g;
    // The variance of a sample variance has the fourth moment in it; a tenth of the variance is far more than that
    // here.
    EXPECT_NEAR(found_variance, variance, 0.1 * variance) << "gene " << g;
    const double zero = std::pow(theta / (theta + mean), theta);
    EXPECT_NEAR(zeros[g] / n_cells, zero, kStandardErrors * std::sqrt(zero * (1 - zero) / n_cells) + 1e-12)
        << "gene " << g;
  }
}

TEST(ExpectedDeltas, EqualTheMeanOfManyCells) {
  ScreenModel model = small_model();
  for (Matrix& batch : model.batch_effect) batch.setZero();
  ThreadPool pool(1);
  NoProgress progress;
  const Matrix expected = expected_deltas(model, 0, pool, progress, {});
  const int n_cells = 30'000;
  const auto n_genes = static_cast<std::size_t>(model.size.n_genes);
  const auto mean_profile = [&](std::int64_t pert, RowVector& variance) {
    const ProfileSampler profile(profile_shares(model, 0, pert));
    RowVector sum = RowVector::Zero(model.size.n_genes), squares = sum;
    std::vector<std::uint32_t> scratch(n_genes, 0);
    for (std::uint32_t cell = 0; cell < n_cells; ++cell) {
      NormalStream depths(7, cell, static_cast<std::uint32_t>(pert + 1));
      const double depth = model.size.mean_depth * std::exp(ScreenSize::kDepthSpread * depths.normal());
      std::vector<std::int32_t> genes;
      std::vector<float> counts;
      sample_cell(profile, model, 0, 0, depth, static_cast<std::uint64_t>(pert + 17), cell, scratch, genes, counts);
      double total = 0;
      for (const float count : counts) total += count;
      for (std::size_t i = 0; i < genes.size(); ++i) {
        const double value = std::log1p(counts[i] * 10'000 / total);
        sum(genes[i]) += value;
        squares(genes[i]) += value * value;
      }
    }
    sum /= n_cells;
    variance = (squares / n_cells - sum.cwiseProduct(sum)) / n_cells;
    return sum;
  };
  RowVector control_variance, pert_variance;
  const RowVector control = mean_profile(-1, control_variance), pert = mean_profile(3, pert_variance);
  // Depth stands for the total in the expectation; with 120 counts a cell that matters more than in any preset.
  constexpr double kTotalForDepth = 0.03;
  for (Eigen::Index g = 0; g < expected.cols(); ++g) {
    const double error = std::sqrt(control_variance(g) + pert_variance(g));
    EXPECT_NEAR(pert(g) - control(g), expected(3, g), kStandardErrors * error + kTotalForDepth) << "gene " << g;
  }
  EXPECT_GT(expected.cwiseAbs().maxCoeff(), 0.5);
}

}  // namespace
}  // namespace headroom
