#include "cells/draw_metrics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>
#include <random>

#include "cells/aligned_vector.hpp"
#include "numerics/quantile.hpp"

namespace headroom {
namespace draw_metrics_test {

// Values are ranked in float32: pairs closer than its resolution may count as tied.
constexpr double kRankTolerance = 1e-6;
constexpr double kTolerance = 1e-12;

// Average ranks by sorting, and the correlation by its definition.
double naive_spearman(const std::vector<double>& a, const std::vector<double>& b) {
  const auto ranks = [](const std::vector<double>& x) {
    std::vector<double> out(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const auto less = std::count_if(x.begin(), x.end(), [&](double v) { return v < x[i]; });
      const auto equal = std::count(x.begin(), x.end(), x[i]);
      out[i] = static_cast<double>(less) + (static_cast<double>(equal) + 1) / 2;
    }
    return out;
  };
  const auto ra = ranks(a), rb = ranks(b);
  const double n = static_cast<double>(a.size()), mean = (n + 1) / 2;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (ra[i] - mean) * (rb[i] - mean);
    aa += (ra[i] - mean) * (ra[i] - mean);
    bb += (rb[i] - mean) * (rb[i] - mean);
  }
  return ab / std::sqrt(aa * bb);
}

double spearman(const std::vector<double>& x, const std::vector<double>& y) {
  SpearmanAgainst against(static_cast<std::uint32_t>(x.size()));
  const std::vector<float> xf(x.begin(), x.end()), yf(y.begin(), y.end());
  against.set_reference(yf.data());
  return against.correlate(xf.data());
}

TEST(SpearmanAgainst, EqualsTheDefinitionOverSizesScalesAndTies) {
  std::mt19937 random(1);
  std::normal_distribution<double> normal;
  for (const std::size_t n : {2u, 3u, 7u, 64u, 255u, 500u, 1023u}) {
    for (const int kind : {0, 1, 2, 3, 4}) {
      std::vector<double> x(n), y(n);
      for (std::size_t i = 0; i < n; ++i) {
        y[i] = normal(random);
        switch (kind) {
          case 0:
            x[i] = normal(random) + y[i];
            break;
          case 1:
            x[i] = std::exp(12 * normal(random)) * (random() % 2 ? 1 : -1);
            break;  // many octaves, both signs
          case 2:
            x[i] = static_cast<double>(random() % 4) - 1;
            break;  // ties and zeros
          case 3:
            x[i] = random() % 3 ? 0.0 : normal(random);
            break;  // mostly zero
          default:
            x[i] = 5 + 1e-3 * normal(random);
            break;  // one crowded octave
        }
        x[i] = static_cast<double>(static_cast<float>(x[i]));
        y[i] = static_cast<double>(static_cast<float>(y[i]));
      }
      if (*std::max_element(x.begin(), x.end()) == *std::min_element(x.begin(), x.end())) continue;
      EXPECT_NEAR(spearman(x, y), naive_spearman(x, y), kTolerance) << "n " << n << " kind " << kind;
    }
  }
}

TEST(SpearmanAgainst, EdgeCases) {
  EXPECT_NEAR(spearman({1, 2, 3}, {10, 20, 30}), 1, kTolerance);
  EXPECT_NEAR(spearman({3, 2, 1}, {10, 20, 30}), -1, kTolerance);
  EXPECT_TRUE(std::isnan(spearman({2, 2, 2}, {1, 2, 3})));
  EXPECT_TRUE(std::isnan(spearman({1, 2, 3}, {0, 0, 0})));
  EXPECT_TRUE(std::isnan(spearman({1}, {1})));
  EXPECT_NEAR(spearman({-0.0, 0.0, 1}, {1, 1, 2}), 1, kTolerance);        // zeros of either sign are tied
  EXPECT_NEAR(spearman({1e-30, 2e-30, 1e30}, {1, 2, 3}), 1, kTolerance);  // below the keys' octaves
  EXPECT_NEAR(spearman({-1e-30, 2e-30, -1e30, 1e30}, {2, 3, 1, 4}), 1, kTolerance);
}

// Scores made by SciPy and NumPy (tests/reference/cells/reference.py).
TEST(ScoreProfile, EqualsSciPy) {
  std::ifstream file(std::string(HEADROOM_SOURCE_DIR) + "/tests/reference/cells/reference.json");
  const auto cases = nlohmann::json::parse(file)["score_profile"];
  ASSERT_GE(cases.size(), 3u);
  for (const auto& one : cases) {
    const auto prediction = one["prediction"].get<std::vector<double>>(),
               truth = one["truth"].get<std::vector<double>>();
    ProfileBuffers buffers(static_cast<std::uint32_t>(truth.size()));
    const NoiseScores scores = score_profile(prediction.data(), truth.data(), buffers);
    for (int m = 0; m < kNoiseMetrics; ++m) {
      const auto& expected = one["scores"][kNoiseMetricNames[m]];
      if (expected.is_null()) {
        EXPECT_TRUE(std::isnan(scores[m])) << kNoiseMetricNames[m];
      } else {
        EXPECT_NEAR(scores[m], expected.get<double>(), m == 3 ? kRankTolerance : kTolerance) << kNoiseMetricNames[m];
      }
    }
  }
}

// Gathered gene by gene in pieces, the scores are those of whole profiles.
TEST(DrawMetrics, QuantilesEqualThoseOfSinglyScoredDraws) {
  const std::uint32_t n_genes = 333, n_draws = 21, n_lanes = 32;
  std::mt19937 random(9);
  std::normal_distribution<double> normal;
  std::vector<double> truth(n_genes);
  for (double& t : truth) t = normal(random);
  AlignedVector<double> draws(std::size_t{n_genes} * n_lanes, 1e9);  // the lanes beyond n_draws must not count
  for (std::uint32_t g = 0; g < n_genes; ++g) {
    for (std::uint32_t d = 0; d < n_draws; ++d) draws[g * n_lanes + d] = truth[g] + 0.7 * normal(random);
  }
  DrawMetrics metrics(n_genes, n_draws, n_lanes);
  for (int repeat = 0; repeat < 2; ++repeat) {  // the second perturbation must not see the first
    metrics.start(truth.data());
    for (std::uint32_t begin = 0; begin < n_genes; begin += 100) {
      metrics.add(begin, std::min(n_genes, begin + 100), draws.data() + std::size_t{begin} * n_lanes);
    }
    const auto quantiles = metrics.quantiles();
    std::array<std::vector<double>, kNoiseMetrics> scores;
    ProfileBuffers buffers(n_genes);
    for (std::uint32_t d = 0; d < n_draws; ++d) {
      std::vector<double> profile(n_genes);
      for (std::uint32_t g = 0; g < n_genes; ++g) profile[g] = draws[g * n_lanes + d];
      const NoiseScores one = score_profile(profile.data(), truth.data(), buffers);
      for (int m = 0; m < kNoiseMetrics; ++m) scores[m].push_back(one[m]);
    }
    for (int m = 0; m < kNoiseMetrics; ++m) {
      std::sort(scores[m].begin(), scores[m].end());
      for (std::size_t q = 0; q < kNoiseQuantiles.size(); ++q) {
        EXPECT_NEAR(quantiles[q][m], quantile_of_sorted(scores[m], kNoiseQuantiles[q]), 1e-11) << kNoiseMetricNames[m];
      }
    }
  }
}

TEST(DrawMetrics, AConstantProfileHasNoCorrelation) {
  const std::uint32_t n_genes = 16, n_lanes = 8;
  std::vector<double> truth(n_genes);
  std::iota(truth.begin(), truth.end(), 0.0);
  AlignedVector<double> draws(n_genes * n_lanes, 0.25);  // every draw is constant
  DrawMetrics metrics(n_genes, 4, n_lanes);
  metrics.start(truth.data());
  metrics.add(0, n_genes, draws.data());
  const auto quantiles = metrics.quantiles();
  EXPECT_TRUE(std::isfinite(quantiles[0][0]));
  EXPECT_TRUE(std::isnan(quantiles[0][static_cast<int>(NoiseMetric::pearson)]));
  EXPECT_TRUE(std::isnan(quantiles[0][static_cast<int>(NoiseMetric::spearman)]));

  const std::vector<double> flat(n_genes, 1.0);
  metrics.start(flat.data());
  for (std::size_t i = 0; i < draws.size(); ++i) draws[i] = static_cast<double>(i);
  metrics.add(0, n_genes, draws.data());
  EXPECT_TRUE(std::isnan(metrics.quantiles()[0][static_cast<int>(NoiseMetric::pearson)]));
}

}  // namespace draw_metrics_test
}  // namespace headroom
