// The fitted model and its draws against screens whose law is known.
#include "cell_metrics/second_screen.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace headroom {
namespace second_screen_test {

// Negative binomial cells of given shares.
GroupCounts cells_of(const std::vector<double>& share, double dispersion, std::size_t n_cells, double depth,
                     std::mt19937& random) {
  CellRows rows;
  rows.begin.push_back(0);
  std::gamma_distribution<double> gamma(1 / dispersion, dispersion);
  std::uniform_real_distribution<double> around(0.7, 1.3);
  for (std::size_t c = 0; c < n_cells; ++c) {
    rows.batch.push_back(0);
    const double total = depth * around(random);
    for (std::uint32_t g = 0; g < share.size(); ++g) {
      std::poisson_distribution<int> poisson(std::max(1e-12, total * share[g] * gamma(random)));
      const int x = poisson(random);
      if (x == 0) continue;
      rows.gene.push_back(g);
      rows.value.push_back(x);
    }
    rows.begin.push_back(rows.gene.size());
  }
  GroupCounts counts;
  make_group_counts(rows, share.size(), counts);
  return counts;
}

std::vector<double> shares(std::size_t n) {
  std::vector<double> share;
  double all = 0;
  for (std::size_t g = 0; g < n; ++g) all += share.emplace_back(std::exp(-0.03 * static_cast<double>(g)));
  for (double& each : share) each /= all;
  return share;
}

TEST(FitNoise, FindsTheLawOfTheCells) {
  std::mt19937 random(4);
  ThreadPool pool(2);
  const auto share = shares(100);
  const CellNoise noise = fit_noise(cells_of(share, 0.3, 3000, 2000, random), pool);
  double dispersion = 0;
  for (std::size_t g = 0; g < 30; ++g) {
    EXPECT_NEAR(noise.share[g] / share[g], 1, 0.1);
    dispersion += noise.dispersion[g] / 30;
  }
  EXPECT_NEAR(dispersion, 0.3, 0.03);
}

// A quarter of the genes respond. Drawn effects must spread as the true ones do: not as the measured ones, which hold
// the cells' noise as well, and not shrunk to the middle.
TEST(SecondScreen, SpreadsAsTheTruthDoes) {
  std::mt19937 random(5);
  ThreadPool pool(2);
  constexpr std::size_t kGenes = 400, kPerturbations = 8, kCells = 60;
  const auto share = shares(kGenes);
  std::normal_distribution<double> effect(0, 0.8);
  const CellNoise noise = fit_noise(cells_of(share, 0.2, 2000, 4000, random), pool);
  std::vector<PooledProfile> profiles;
  std::vector<std::vector<double>> totals;
  double true_square = 0;
  for (std::size_t p = 0; p < kPerturbations; ++p) {
    std::vector<double> changed = share;
    double all = 0;
    for (std::size_t g = 0; g < kGenes; ++g) {
      const double here = random() % 4 == 0 ? effect(random) : 0;
      true_square += here * here;
      all += changed[g] *= std::exp(here);
    }
    for (double& each : changed) each /= all;
    const GroupCounts counts = cells_of(changed, 0.2, kCells, 4000, random);
    profiles.push_back(pooled_profiles(counts, whole_group(kCells))[0]);
    totals.push_back(counts.total);
  }
  std::vector<const PooledProfile*> profile_pointers;
  std::vector<const std::vector<double>*> total_pointers;
  for (std::size_t p = 0; p < kPerturbations; ++p) {
    profile_pointers.push_back(&profiles[p]);
    total_pointers.push_back(&totals[p]);
  }
  const EffectModel model = fit_effects(noise, profile_pointers, total_pointers, pool);
  double no_effect = 0;
  for (const EffectLaw& law : model.laws) no_effect += law.weight[0] / kPerturbations;
  EXPECT_GT(no_effect, 0.2);
  double prior_square = 0;
  for (const EffectLaw& law : model.laws) {
    for (std::size_t k = 0; k < law.weight.size(); ++k) {
      prior_square += law.weight[k] * model.component_sd[k] * model.component_sd[k] / kPerturbations;
    }
  }
  EXPECT_NEAR(prior_square, true_square / (kGenes * kPerturbations), 0.25 * true_square / (kGenes * kPerturbations));

  GroupCounts drawn, again;
  draw_second_screen(model, 3, kCells, totals[3], 1, 99, drawn);
  draw_second_screen(model, 3, kCells, totals[3], 1, 99, again);
  EXPECT_EQ(drawn.count, again.count);
  EXPECT_EQ(drawn.cell, again.cell);
  double mean_drawn = 0, mean_real = 0;
  for (std::size_t c = 0; c < kCells; ++c) {
    mean_drawn += drawn.total[c] / kCells;
    mean_real += totals[3][c] / kCells;
  }
  EXPECT_NEAR(mean_drawn / mean_real, 1, 0.15);
  for (std::size_t g = 0; g < kGenes; ++g) {
    for (std::uint64_t e = drawn.begin[g]; e + 1 < drawn.begin[g + 1]; ++e) ASSERT_LT(drawn.cell[e], drawn.cell[e + 1]);
  }
  draw_second_screen(model, 3, kCells, totals[3], 0.5, 99, again);
  double mean_half = 0;
  for (const double total : again.total) mean_half += total / kCells;
  EXPECT_NEAR(mean_half / mean_real, 0.5, 0.1);
}

}  // namespace second_screen_test
}  // namespace headroom
