#include "cell_metrics/half_agreement.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "cell_metrics/de_metrics.hpp"
#include "host/cell_metrics/negative_binomial_cells.hpp"

namespace headroom {
namespace half_agreement_test {

constexpr std::size_t kGenes = 60, kCells = 40, kControls = 80;

// A perturbation against its control, with three splits of both.
struct Halved {
  GroupCounts control, cells;
  std::vector<CellParts> parts;
  ControlColumns columns;
  PooledProfile control_profile;
  std::vector<PooledProfile> profiles;
  std::vector<DeTable> tables;

  Halved() {
    std::mt19937 random(8);
    std::vector<double> share = testing::shares(kGenes), changed = share;
    for (std::size_t g = 0; g < kGenes; g += 2) changed[g] *= g % 4 == 0 ? 2 : 0.5;
    double all = 0;
    for (const double each : changed) all += each;
    for (double& each : changed) each /= all;
    control = testing::cells_of(share, 0.2, kControls, 2000, random);
    cells = testing::cells_of(changed, 0.2, kCells, 2000, random);
    const std::vector<std::size_t> sizes{kControls, kCells};
    parts = split_groups(sizes, std::vector<std::uint32_t>{1, 2, 3});
    ThreadPool pool(1);
    columns = make_control_columns(control, parts[0], pool);
    control_profile = pooled_profiles(control, whole_group(kControls))[0];
    profiles = pooled_profiles(cells, parts[1]);
    DeBuffers buffers;
    tables = de_tables(cells, parts[1], columns, buffers);
  }
};

double mean_of_z(const std::vector<double>& r) {
  double sum = 0;
  for (const double each : r) sum += std::atanh(each);
  return std::tanh(sum / static_cast<double>(r.size()));
}

// By the definition: both halves from the whole control, fold changes over the genes that the whole table calls.
TEST(HalfAgreement, IsTheCorrelationOfHalvesFromTheWholeControl) {
  const Halved halved;
  const HalfAgreement agreement =
      half_agreement(halved.profiles, halved.tables, halved.control_profile, halved.columns);
  std::vector<double> of_deltas, of_changes;
  for (std::size_t s = 0; s < 3; ++s) {
    double mean[2] = {0, 0}, ab = 0, aa = 0, bb = 0;
    const auto delta = [&](std::size_t side, std::size_t g) {
      return halved.profiles[side == 0 ? half_a(s) : half_b(s)].y[g] - halved.control_profile.y[g];
    };
    for (std::size_t g = 0; g < kGenes; ++g) {
      for (std::size_t side = 0; side < 2; ++side) mean[side] += delta(side, g) / kGenes;
    }
    for (std::size_t g = 0; g < kGenes; ++g) {
      const double a = delta(0, g) - mean[0], b = delta(1, g) - mean[1];
      ab += a * b;
      aa += a * a;
      bb += b * b;
    }
    of_deltas.push_back(ab / std::sqrt(aa * bb));
    std::vector<double> changes[2];
    for (std::size_t g = 0; g < kGenes; ++g) {
      if (!halved.tables[0].is_called(g)) continue;
      for (std::size_t side = 0; side < 2; ++side) {
        double sum = 0;
        const std::size_t part = side == 0 ? half_a(s) : half_b(s);
        for (std::uint64_t e = halved.cells.begin[g]; e < halved.cells.begin[g + 1]; ++e) {
          const std::uint32_t c = halved.cells.cell[e];
          if (halved.parts[1].of_split(s)[c] == part) sum += halved.cells.count[e] / halved.cells.total[c];
        }
        changes[side].push_back(fold_change(1e6 * sum / (kCells / 2), halved.columns.mean[g]));
      }
    }
    of_changes.push_back(rank_correlation(changes[0], changes[1]));
  }
  EXPECT_NEAR(agreement[0], mean_of_z(of_deltas), 1e-12);
  EXPECT_NEAR(agreement[1], mean_of_z(of_changes), 1e-12);
  EXPECT_GT(agreement[1], 0.5);
}

TEST(HalfAgreement, IsUndefinedWithoutHalves) {
  const Halved halved;
  const HalfAgreement agreement =
      half_agreement({halved.profiles[0]}, {halved.tables[0]}, halved.control_profile, halved.columns);
  for (const double each : agreement) EXPECT_TRUE(std::isnan(each));
}

}  // namespace half_agreement_test
}  // namespace headroom
