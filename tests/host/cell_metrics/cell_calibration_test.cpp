// Calibration against the oracle's, and distances of cells against what they are by hand.
#include "cell_metrics/cell_calibration.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "cell_metrics/cell_panel.hpp"

namespace headroom {
namespace cell_calibration_test {

TEST(EnergyDistance, IsWhatItIsByHand) {
  // Between: 3, 4 and 1, 2 apart; within: 2 and 1.
  const DenseCells x{{0, 0}, {2, 0}}, y{{3, 0}, {4, 0}};
  const double between = (3.0 + 4 + 1 + 2) / 4;
  EXPECT_DOUBLE_EQ(energy_distance(x, y), 2 * between - 2 - 1);
  EXPECT_DOUBLE_EQ(energy_distance(x, y, false), 2 * between - 1 - 0.5);
  EXPECT_DOUBLE_EQ(energy_distance(x, x, false), 0);
  EXPECT_TRUE(std::isnan(energy_distance({{1, 1}}, y)));
}

TEST(MmdSquared, IsWhatItIsByHand) {
  const DenseCells x{{0}, {2}}, y{{3}, {4}};
  // Distances 2, 3, 4, 1, 2, 1: median 2.
  const auto kernel = [](double d) { return std::exp(-d * d / 8); };
  EXPECT_NEAR(mmd_squared(x, y), kernel(2) + kernel(1) - 2 * (kernel(3) + kernel(4) + kernel(1) + kernel(2)) / 4,
              1e-15);
  EXPECT_EQ(mmd_squared({{1}, {1}}, {{1}, {1}}), 0);
  EXPECT_TRUE(std::isnan(mmd_squared({{1}}, y)));
}

// Of cells of one law both are 0 in expectation.
TEST(Distances, AreUnbiased) {
  std::mt19937 random(3);
  std::normal_distribution<double> normal;
  double energy = 0, mmd = 0, biased = 0;
  constexpr int kRepeats = 200;
  for (int i = 0; i < kRepeats; ++i) {
    DenseCells x(8, std::vector<double>(5)), y(12, std::vector<double>(5));
    for (auto* cells : {&x, &y}) {
      for (auto& cell : *cells) {
        for (double& each : cell) each = normal(random);
      }
    }
    energy += energy_distance(x, y) / kRepeats;
    biased += energy_distance(x, y, false) / kRepeats;
    mmd += mmd_squared(x, y) / kRepeats;
  }
  EXPECT_NEAR(energy, 0, 0.05);
  EXPECT_GT(biased, 0.3);
  EXPECT_NEAR(mmd, 0, 0.01);
}

TEST(CalibrateCells, NeedsTwoPerturbationsOfEnoughCells) {
  ThreadPool pool(1);
  GroupCounts group{2, {3, 3}, {0, 2}, {0, 1}, {3, 3}};
  EXPECT_FALSE(calibrate_cells({group, group}, group, {}, pool));
}

TEST(CalibrateCells, IsTheOracles) {
  const auto folder = std::filesystem::path(HEADROOM_SHARED_DIR) / "golden" / "vcc";
  if (!std::filesystem::exists(folder)) GTEST_SKIP() << "no oracle data at " << folder;
  std::ifstream stream(folder / "oracle_good.json");
  const auto expected = nlohmann::json::parse(stream)["calibration"];
  ThreadPool pool(2);
  NoProgress progress;
  auto panel = open_cell_panel(folder / "real.h5ad", {});
  ASSERT_TRUE(panel) << panel.error().line();
  ASSERT_TRUE(read_counts(**panel, {}, pool, progress, {}));
  const CellPanel::Context& context = (*panel)->contexts[0];
  const auto counts_of = [&](std::uint32_t group) {
    CellRows rows;
    EXPECT_TRUE((*panel)->take(group, rows));
    GroupCounts counts;
    make_group_counts(rows, (*panel)->n_genes(), counts);
    return counts;
  };
  std::vector<GroupCounts> groups;
  for (const std::uint32_t group : context.group) groups.push_back(counts_of(group));
  const auto calibration = calibrate_cells(groups, counts_of(*context.control), {}, pool);
  ASSERT_TRUE(calibration) << calibration.error().line();
  ASSERT_EQ(calibration->protocols.size(), expected.size());
  for (const ProtocolCalibration& protocol : calibration->protocols) {
    const auto& wanted = expected[protocol.name];
    constexpr double kTolerance = 1e-8;
    EXPECT_NEAR(protocol.drf_mean, wanted["drf_mean"].get<double>(), kTolerance) << protocol.name;
    EXPECT_NEAR(protocol.drf_median, wanted["drf_median"].get<double>(), kTolerance) << protocol.name;
    EXPECT_NEAR(protocol.bds, wanted["bds"].get<double>(), kTolerance) << protocol.name;
    for (std::size_t i = 0; i < calibration->rows.size(); ++i) {
      const std::string& label = context.labels[calibration->rows[i]];
      EXPECT_NEAR(protocol.drf[i], wanted["drf"][label].get<double>(), kTolerance) << protocol.name << ' ' << label;
      const auto& raw = wanted["raw_positive_negative"][label];
      EXPECT_NEAR(protocol.positive[i], raw[0].get<double>(), kTolerance) << protocol.name << ' ' << label;
      EXPECT_NEAR(protocol.negative[i], raw[1].get<double>(), kTolerance) << protocol.name << ' ' << label;
    }
  }
}

}  // namespace cell_calibration_test
}  // namespace headroom
