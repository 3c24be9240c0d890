// Closed forms that can be checked by hand, and the degenerate cases.
#include "cell_metrics/de_metrics.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>

namespace headroom {
namespace de_metrics_test {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Calls where q is 0.01 or less.
DeTable table(std::vector<double> q, std::vector<double> lfc) {
  DeTable out;
  out.p = q;
  out.q = std::move(q);
  out.lfc = std::move(lfc);
  return out;
}

std::vector<std::uint32_t> ranks(std::size_t n) {
  std::vector<std::uint32_t> out(n);
  std::iota(out.begin(), out.end(), 0u);
  return out;
}

DeMetrics compared(const DeTable& real, const DeTable& predicted, std::optional<std::size_t> own = std::nullopt) {
  return de_metrics(real, predicted, own, ranks(real.q.size()), real);
}

TEST(DeMetrics, ReachMayRecover) {
  const DeTable real = table(std::vector<double>(10, 0.01), std::vector<double>(10, 1.0));
  // The first of ten wrong: pure again at depth ten. The last wrong: pure up to ten as well.
  for (const std::size_t wrong : {0u, 9u}) {
    std::vector<double> q(10), lfc(10, 2.0);
    for (std::size_t g = 0; g < 10; ++g) q[g] = 0.001 * static_cast<double>(g + 1);
    lfc[wrong] = -2;
    EXPECT_DOUBLE_EQ(compared(real, table(q, lfc)).direction_reach, 1.0);
  }
  EXPECT_DOUBLE_EQ(compared(real, table(std::vector<double>(10, 0.01), std::vector<double>(10, -1.0))).direction_reach,
                   0);
}

TEST(DeMetrics, FidelityCountsSpuriousAndMissing) {
  // Real: genes 0..3 called. Predicted: 0, 1 called (one with the right sign) and nothing else: 1 / max(2, 4).
  const DeTable real = table({0.01, 0.01, 0.01, 0.01, 0.9}, {1, 1, 1, 1, 1});
  EXPECT_DOUBLE_EQ(compared(real, table({0.01, 0.01, 0.9, 0.9, 0.9}, {1, -1, 1, 1, 1})).direction_fidelity, 0.25);
  // A call of a gene that is not significant in the real screen may still have its direction.
  EXPECT_DOUBLE_EQ(compared(real, table({0.01, 0.9, 0.9, 0.9, 0.01}, {1, 1, 1, 1, 1})).direction_fidelity, 0.5);
  // No direction in the real screen: not counted.
  const DeTable flat = table({0.01, 0.9}, {1, 0});
  EXPECT_DOUBLE_EQ(compared(flat, table({0.01, 0.01}, {1, 1})).direction_fidelity, 1);
}

TEST(DeMetrics, JaccardAndErrors) {
  std::vector<double> q(12, 0.01), lfc(12, 2.0);
  const DeTable real = table(q, lfc);
  EXPECT_DOUBLE_EQ(compared(real, real).jaccard, 1);
  EXPECT_DOUBLE_EQ(compared(real, real).lfc_nmae, 0);
  EXPECT_DOUBLE_EQ(compared(real, table(q, std::vector<double>(12, 0.0))).lfc_nmae, 1);
  EXPECT_DOUBLE_EQ(compared(real, table(q, std::vector<double>(12, -2.0))).lfc_nmae, 2);
  DeTable missing = table(q, std::vector<double>(12, 1.0));
  for (std::size_t g = 0; g < 6; ++g) missing.p[g] = missing.q[g] = missing.lfc[g] = kNaN;
  EXPECT_DOUBLE_EQ(compared(real, missing).lfc_nmae, 0.75);
  EXPECT_DOUBLE_EQ(compared(real, missing).jaccard, 0.5);
  // Nine genes are too few; with the own gene left out so are ten.
  const DeTable ten = table(std::vector<double>(10, 0.01), std::vector<double>(10, 2.0));
  EXPECT_DOUBLE_EQ(compared(ten, ten).lfc_nmae, 0);
  EXPECT_TRUE(std::isnan(compared(ten, ten, 3).lfc_nmae));
}

TEST(DeMetrics, OfAQuietPerturbation) {
  const DeTable quiet = table({0.5, 0.5, 0.5}, {0.1, -0.1, 0.2}), loud = table({0.01, 0.01, 0.5}, {1, 1, 1});
  const DeMetrics kept_quiet = compared(quiet, quiet), made_loud = compared(quiet, loud);
  EXPECT_TRUE(std::isnan(kept_quiet.direction_fidelity));
  EXPECT_TRUE(std::isnan(kept_quiet.direction_reach));
  EXPECT_DOUBLE_EQ(kept_quiet.jaccard, 1);
  EXPECT_DOUBLE_EQ(made_loud.direction_fidelity, 0.5);
  EXPECT_DOUBLE_EQ(made_loud.jaccard, 0);
  EXPECT_TRUE(std::isnan(made_loud.lfc_nmae));
  EXPECT_TRUE(std::isnan(made_loud.areas.receiver));
}

TEST(DeMetrics, OwnGeneIsLeftOutOfMembersAlone) {
  const DeTable real = table({0.01, 0.01, 0.9}, {-3, 1, 1}), predicted = table({0.9, 0.01, 0.9}, {1, 1, 1});
  EXPECT_DOUBLE_EQ(compared(real, predicted).jaccard, 0.5);
  EXPECT_DOUBLE_EQ(compared(real, predicted, 0).jaccard, 1);
  EXPECT_DOUBLE_EQ(compared(real, predicted, 0).sig_recall, 0.5);
  EXPECT_DOUBLE_EQ(compared(real, predicted, 0).n_real, 2);
}

TEST(DeMetrics, ZerosTieWithTheSmallestOfTheRunAlone) {
  const DeTable real = table({0.01, 0.9, 0.01, 0.9}, {1, 1, 1, 1});
  const DeTable predicted = table({0, 1e-300, 0.5, 0.6}, {1, 1, 1, 1});
  const DeMetrics metrics = compared(real, predicted);
  EXPECT_EQ(metrics.least_positive_q, 1e-300);
  EXPECT_DOUBLE_EQ(metrics.areas.receiver, 0.75);
  EXPECT_DOUBLE_EQ(metrics.areas_tied.receiver, 0.625);
  EXPECT_DOUBLE_EQ(metrics.areas.precision_recall, 0.5 * 1 + 0.5 * (2.0 / 3));
}

}  // namespace de_metrics_test
}  // namespace headroom
