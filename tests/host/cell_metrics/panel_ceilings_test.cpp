#include "cell_metrics/panel_ceilings.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "cell_metrics/metric_values.hpp"

namespace headroom {
namespace panel_ceilings_test {

constexpr std::size_t kPerturbations = 3;
const std::vector<std::uint32_t> kAll{0, 1, 2};

PanelScores scores_with(const std::vector<double>& jaccard, const std::vector<double>& n_real,
                        const std::vector<double>& n_predicted) {
  PanelScores scores;
  for (std::size_t p = 0; p < kPerturbations; ++p) {
    scores.rows.push_back(p);
    DeMetrics de;
    de.jaccard = jaccard[p];
    de.n_real = n_real[p];
    de.n_predicted = n_predicted[p];
    scores.de.push_back(de);
    scores.delta.emplace_back();
    scores.n_cells.push_back(10);
  }
  scores.discrimination.assign(kPerturbations, 1.0);
  scores.ratio.numerator = {-1, 2, 3};
  scores.ratio.denominator = {4, 5, 6};
  return scores;
}

PanelTruth truth_of_three() {
  PanelTruth truth;
  truth.names = PanelNames::of("", {"A", "B", "C"}, {"G1", "G2"}, {std::nullopt, std::nullopt, std::nullopt});
  truth.profiles.resize(kPerturbations);
  for (PooledProfile& profile : truth.profiles) {
    profile.n_cells = 10;
    profile.sampling = 0.6;
  }
  return truth;
}

std::size_t place(std::string_view metric) {
  const auto values = metric_values(PanelScores{});
  return static_cast<std::size_t>(&metric_named(values, metric) - values.data());
}

std::vector<PanelCeiling> ceilings_of(const PanelTruth& truth, const std::vector<PanelScores>& drawn,
                                      PanelCeilingWay way, double depth = 1) {
  return panel_ceilings(truth, drawn, {10, 10, 5}, way, depth);
}

TEST(PanelCeilings, OfDrawsAreTheMeanOverDrawsOfEachPerturbation) {
  const double none = std::numeric_limits<double>::quiet_NaN();
  const std::vector<PanelScores> drawn{scores_with({0.2, 0.4, none}, {1, 2, 3}, {1, 2, 3}),
                                       scores_with({0.4, 0.4, 0.9}, {1, 2, 3}, {3, 2, 1})};
  const auto ceilings = ceilings_of(truth_of_three(), drawn, PanelCeilingWay::depth_right);
  EXPECT_EQ(ceilings[place("jaccard")].way, PanelCeilingWay::simulation);
  EXPECT_DOUBLE_EQ(*ceilings[place("jaccard")].total(kAll), (0.3 + 0.4 + 0.9) / 3);
  EXPECT_DOUBLE_EQ(*ceilings[place("jaccard")].total({0, 0}), 0.3);
  // A quotient of sums, resampled together.
  EXPECT_DOUBLE_EQ(*ceilings[place("expr_mse_ratio")].total({0, 1, 1}), (-1.0 + 2 + 2) / (4 + 5 + 5));
  // A correlation over the panel: 1 of one draw, -1 of the other.
  EXPECT_DOUBLE_EQ(
      *ceilings_of(truth_of_three(), drawn, PanelCeilingWay::simulation)[place("nsig_spearman")].total(kAll), 0);
  EXPECT_FALSE(ceilings[place("nsig_real")].total) << "a number of calls is no score";
}

TEST(PanelCeilings, OfCorrelationsAreHalvesSteppedUp) {
  PanelTruth truth = truth_of_three();
  truth.half_agreement = {{0.5, 0.2, 0.2, 0.2}, {0, 0.2, 0.2, 0.2}, {-0.3, 0.2, 0.2, 0.2}};
  const auto ceilings = ceilings_of(truth, {}, PanelCeilingWay::depth_right);
  EXPECT_EQ(ceilings[place("delta_pearson")].way, PanelCeilingWay::spearman_brown);
  EXPECT_DOUBLE_EQ(*ceilings[place("delta_pearson")].total(kAll), (2.0 / 3 + 0 - 0.3) / 3) << "of r > 0 alone";
  EXPECT_DOUBLE_EQ(*ceilings_of(truth, {}, PanelCeilingWay::spearman_brown, 2)[place("delta_pearson")].total({0}), 0.8)
      << "of screens twice as deep";
  EXPECT_FALSE(ceilings[place("jaccard")].total) << "nothing was drawn";
  // What was drawn stands in where halves were not kept.
  truth.half_agreement.clear();
  const auto drawn = ceilings_of(truth, {scores_with({1, 1, 1}, {1, 2, 3}, {1, 2, 3})}, PanelCeilingWay::depth_right);
  EXPECT_EQ(drawn[place("delta_pearson")].way, PanelCeilingWay::simulation);
}

TEST(PanelCeilings, OfNumbersOfCallsAreHalvesSteppedUp) {
  // Their correlation is 1/2, and 1 of the two that have halves.
  const double none = std::numeric_limits<double>::quiet_NaN();
  PanelTruth truth = truth_of_three();
  truth.replicates = {scores_with({1, 1, 1}, {1, 2, 3}, {1, 3, 2})};
  truth.replicate_metrics = {metric_values(truth.replicates[0])};
  const auto direct = ceilings_of(truth, {}, PanelCeilingWay::depth_right)[place("nsig_spearman")];
  EXPECT_EQ(direct.way, PanelCeilingWay::spearman_brown);
  EXPECT_NEAR(*direct.total(kAll), 2 * 0.5 / 1.5, 1e-12);
  // A screen that was kept has the numbers alone, of all perturbations.
  truth.replicates.clear();
  const auto kept = ceilings_of(truth, {}, PanelCeilingWay::depth_right)[place("nsig_spearman")];
  EXPECT_EQ(*kept.total(kAll), *direct.total(kAll));
  for (MetricValues& metric : truth.replicate_metrics[0]) metric.values[2] = none;
  const auto fewer = ceilings_of(truth, {}, PanelCeilingWay::depth_right)[place("nsig_spearman")];
  EXPECT_NEAR(*fewer.total(kAll), 1, 1e-12);
}

TEST(PanelCeilings, OfErrorsAreTheSamplingTerms) {
  const auto ceilings = ceilings_of(truth_of_three(), {}, PanelCeilingWay::closed_form);
  EXPECT_EQ(*ceilings[place("expr_mse_ratio")].total(kAll), 0);
  // Two genes; the third prediction has half of the cells.
  EXPECT_DOUBLE_EQ(*ceilings[place("expr_mse")].total({0, 2}), (0.6 * 2 / 2 + 0.6 * 3 / 2) / 2);
  EXPECT_FALSE(ceilings[place("jaccard")].total);
}

TEST(PanelCeilings, OfReplicatesAreTheirMeans) {
  PanelTruth truth = truth_of_three();
  truth.replicates = {scores_with({0.2, 0.4, 0.6}, {1, 2, 3}, {1, 2, 3}),
                      scores_with({0.4, 0.6, 0.8}, {1, 2, 3}, {1, 2, 3})};
  for (const PanelScores& split : truth.replicates) truth.replicate_metrics.push_back(metric_values(split));
  EXPECT_DOUBLE_EQ(*ceilings_of(truth, {}, PanelCeilingWay::replicate)[place("jaccard")].total(kAll), 0.5);
  truth.replicates.clear();  // as of a screen that was kept
  EXPECT_DOUBLE_EQ(*ceilings_of(truth, {}, PanelCeilingWay::replicate)[place("jaccard")].total({0}), 0.5);
}

}  // namespace panel_ceilings_test
}  // namespace headroom
