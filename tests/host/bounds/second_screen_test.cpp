#include "bounds/second_screen.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "bounds/effect_mixture.hpp"
#include "bounds/random_embedding.hpp"

namespace headroom {
namespace {

constexpr Eigen::Index kGenes = 4000;

// One gene in nine responds, with effects of size 1; errors from 0.2 to 0.6.
struct SparseEffects {
  RowVector effects = RowVector::Zero(kGenes), error, measured;

  explicit SparseEffects(std::uint64_t seed) {
    const Matrix normal = random_embedding(2, kGenes, seed);
    error.resize(kGenes);
    for (Eigen::Index g = 0; g < kGenes; ++g) {
      if (g % 9 == 0) effects[g] = normal(0, g);
      error[g] = 0.2 + 0.4 * static_cast<double>(g % 7) / 6;
    }
    measured = effects + normal.row(1).cwiseProduct(error);
  }
};

TEST(EffectMixture, DrawsEffectsThatAreSpreadAsTheTrueOnes) {
  const SparseEffects data(3);
  const EffectMixture mixture = fit_effect_mixture(data.measured, data.error);
  EXPECT_NEAR(mixture.weight.sum(), 1, 1e-12);
  EXPECT_GE(mixture.weight.minCoeff(), 0);
  const Matrix normal = random_embedding(2, kGenes, 4);
  const RowVector drawn = draw_effects(mixture, data.measured, data.error, normal.row(0), normal.row(1));
  const double true_size = data.effects.squaredNorm(), noise = data.error.squaredNorm();
  EXPECT_NEAR(data.measured.squaredNorm(), true_size + noise, 0.1 * (true_size + noise));
  EXPECT_GT(noise, true_size) << "or there would be nothing to tell apart";
  EXPECT_NEAR(drawn.squaredNorm() / true_size, 1, 0.2);
  // Joint with what was measured: its covariance with it is that of the effects.
  EXPECT_NEAR(drawn.dot(data.measured) / true_size, 1, 0.2);
}

TEST(EffectMixture, KnowsNothingBetterThanWhatHasNoError) {
  RowVector measured(3), error(3);
  measured << 1, -2, 0;
  error.setZero();
  const EffectMixture mixture = fit_effect_mixture(measured, error);
  EXPECT_EQ(draw_effects(mixture, measured, error, RowVector::Ones(3), RowVector::Ones(3)), measured);
}

TEST(SecondScreen, LiesAsFarFromTheFirstAsItsErrorsSay) {
  constexpr Eigen::Index kRows = 6;
  MeasuredRows rows;
  rows.deltas.resize(kRows, kGenes);
  rows.error.resize(kRows, kGenes);
  rows.control_error = RowVector::Constant(kGenes, 0.3);
  const Matrix normal = random_embedding(kRows + 3, kGenes, 11);
  const RowVector control = normal.row(kRows).cwiseProduct(*rows.control_error);  // of the measured screen
  for (Eigen::Index row = 0; row < kRows; ++row) {
    const SparseEffects data(20 + static_cast<std::uint64_t>(row));
    rows.deltas.row(row) = data.measured - control;
    rows.error.row(row) = data.error;
  }
  rows.centre = -control;
  NoiseDraw noise;
  noise.control = normal.row(kRows + 1).cwiseProduct(*rows.control_error);
  noise.control_of_truth = normal.row(kRows + 2).cwiseProduct(*rows.control_error);
  noise.whole = normal.topRows(kRows).cwiseProduct(rows.error).rowwise() - noise.control;
  const SecondScreen screen = draw_second_screen(rows, noise, 5);
  for (const auto& [kind, predicted] : {std::pair{ScreenKind::own_control, &screen.own_control},
                                        std::pair{ScreenKind::shared_control, &screen.shared_control},
                                        std::pair{ScreenKind::true_deltas, &screen.true_deltas}}) {
    const double expected = error_variance(rows, kind).sum();
    EXPECT_NEAR((*predicted - rows.deltas).squaredNorm() / expected, 1, 0.1) << static_cast<int>(kind);
  }
  const SecondScreen again = draw_second_screen(rows, noise, 5);
  EXPECT_EQ(again.own_control, screen.own_control);
}

TEST(SecondScreen, HasNoSharedControlWhereEachRowHasItsOwn) {
  MeasuredRows rows{Matrix::Ones(2, 5), RowVector::Zero(5), Matrix::Constant(2, 5, 0.1), std::nullopt};
  const SecondScreen screen = draw_second_screen(rows, {Matrix::Zero(2, 5), {}, {}}, 1);
  EXPECT_EQ(screen.shared_control.size(), 0);
  EXPECT_TRUE(error_variance(rows, ScreenKind::own_control).isConstant(0.02));
  EXPECT_TRUE(error_variance(rows, ScreenKind::true_deltas).isConstant(0.01));
}

TEST(SpearmanBrown, IsForPositiveCorrelationsAlone) {
  EXPECT_DOUBLE_EQ(spearman_brown(0.5), 2 / 3.0);
  EXPECT_DOUBLE_EQ(spearman_brown(0.5, 4), 0.8);
  EXPECT_DOUBLE_EQ(spearman_brown(spearman_brown(0.5, 2), 2), spearman_brown(0.5, 4));
  EXPECT_EQ(spearman_brown(0), 0);
  EXPECT_EQ(spearman_brown(-0.4), -0.4);
  EXPECT_DOUBLE_EQ(attenuation_of(0.25), 0.5);
  EXPECT_EQ(attenuation_of(-0.25), -0.25);
  Vector two(2);
  two << 0.9, 0.1;
  EXPECT_DOUBLE_EQ(fisher_mean(two), std::tanh((std::atanh(0.9) + std::atanh(0.1)) / 2));
  two << 1, 1;
  EXPECT_NEAR(fisher_mean(two), 1, 1e-9);
}

}  // namespace
}  // namespace headroom
