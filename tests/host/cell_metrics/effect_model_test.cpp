// The fitted model against screens whose law is known.
#include "cell_metrics/effect_model.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <random>

#include "host/cell_metrics/negative_binomial_cells.hpp"

namespace headroom {
namespace effect_model_test {

TEST(FitNoise, FindsTheLawOfTheCells) {
  std::mt19937 random(4);
  ThreadPool pool(2);
  const auto share = testing::shares(100);
  const CellNoise noise = fit_noise(testing::cells_of(share, 0.3, 3000, 2000, random), pool);
  double dispersion = 0;
  for (std::size_t g = 0; g < 30; ++g) {
    EXPECT_NEAR(noise.share[g] / share[g], 1, 0.1);
    dispersion += noise.dispersion[g] / 30;
  }
  EXPECT_NEAR(dispersion, 0.3, 0.03);
}

// A quarter of the genes respond. Drawn effects must spread as the true ones do: not as the measured ones, which hold
// the cells' noise as well, and not shrunk to the middle.
TEST(FitEffects, SpreadsThemAsTheTruthIs) {
  std::mt19937 random(5);
  ThreadPool pool(2);
  constexpr std::size_t kGenes = 400, kPerturbations = 8, kCells = 60;
  const auto share = testing::shares(kGenes);
  std::normal_distribution<double> effect(0, 0.8);
  const CellNoise noise = fit_noise(testing::cells_of(share, 0.2, 2000, 4000, random), pool);
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
    const GroupCounts counts = testing::cells_of(changed, 0.2, kCells, 4000, random);
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
  for (const EffectLaw& law : model.laws) no_effect += law.mixture.weight[0] / kPerturbations;
  EXPECT_GT(no_effect, 0.2);
  double prior_square = 0;
  for (const EffectLaw& law : model.laws) {
    prior_square += law.mixture.weight.dot(law.mixture.sd.cwiseAbs2()) / kPerturbations;
  }
  EXPECT_NEAR(prior_square, true_square / (kGenes * kPerturbations), 0.25 * true_square / (kGenes * kPerturbations));

  double drawn_square = 0;
  for (std::size_t p = 0; p < kPerturbations; ++p) {
    const std::vector<double> drawn = draw_shares(model, p, 99);
    EXPECT_EQ(drawn, draw_shares(model, p, 99));
    EXPECT_NEAR(std::accumulate(drawn.begin(), drawn.end(), 0.0), 1, 1e-12);
    for (std::size_t g = 0; g < kGenes; ++g) {
      const double beyond = std::log(drawn[g] / noise.share[g]) - model.centre[g] - model.laws[p].shift;
      if (std::isfinite(model.laws[p].error_variance[g])) drawn_square += beyond * beyond;
    }
  }
  double known = 0;
  for (const EffectLaw& law : model.laws) {
    for (const double variance : law.error_variance) known += std::isfinite(variance) ? 1 : 0;
  }
  EXPECT_NEAR(drawn_square / known, true_square / (kGenes * kPerturbations),
              0.25 * true_square / (kGenes * kPerturbations));
}

}  // namespace effect_model_test
}  // namespace headroom
