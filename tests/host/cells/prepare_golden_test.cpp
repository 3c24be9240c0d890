// prepare() against an independent implementation's values for one simulated screen: deltas, and the bootstrap's
// quantiles within the spread that other seeds of that implementation show.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "cells/prepare.hpp"
#include "io/delimited.hpp"
#include "io/h5ad.hpp"

namespace headroom {
namespace prepare_golden_test {

namespace fs = std::filesystem;

const fs::path kGolden = fs::path(HEADROOM_SHARED_DIR) / "golden" / "small";

// float64 sums in another order.
constexpr double kDeltaTolerance = 1e-9;
// A fold mean of another generator lies within this many standard deviations of the oracle's mean over 60 seeds.
constexpr double kSpreadTolerance = 4;

// noise.csv as [metric][quantile text] → mean over the named perturbations.
using NoiseRows =
    std::map<std::string, std::map<std::string, std::map<std::string, double>>>;  // pert, quantile, metric

NoiseRows read_noise(const fs::path& path) {
  auto reader = DelimitedReader::open(path);
  EXPECT_TRUE(reader.has_value());
  EXPECT_TRUE(reader->read_header().has_value());
  NoiseRows rows;
  const std::size_t pert = *reader->column("pert_id"), quantile = *reader->column("quantile");
  for (;;) {
    const auto more = reader->next();
    EXPECT_TRUE(more.has_value());
    if (!more || !*more) break;
    for (const char* metric : {"L2", "MSE", "MAE", "Spearman", "Pearson", "closed_form", "split_half"}) {
      rows[std::string(reader->cells()[pert])][std::string(reader->cells()[quantile])][metric] =
          *reader->number(*reader->column(metric));
    }
  }
  return rows;
}

struct GoldenCase {
  Design design;
  const char* name;  // in the golden data
};

class PrepareGolden : public ::testing::TestWithParam<GoldenCase> {
 protected:
  void SetUp() override {
    if (!fs::exists(kGolden / "golden.json")) GTEST_SKIP() << "no oracle data at " << kGolden;
    // Tests of one design run at the same time.
    out_ = fs::path(::testing::TempDir()) / ("prepare_golden_" + std::to_string(getpid()));
    fs::remove_all(out_);
    PrepareOptions options;
    options.design = GetParam().design;
    options.fold_file = kGolden / "folds.csv";
    ThreadPool pool(2);
    NoProgress progress;
    auto report = prepare(kGolden / "cells.h5ad", out_, options, pool, progress, {});
    ASSERT_TRUE(report.has_value()) << report.error().line();
    report_ = *report;
    std::ifstream file(kGolden / "golden.json");
    golden_ = nlohmann::json::parse(file);
  }
  void TearDown() override { fs::remove_all(out_); }

  fs::path out_;
  PrepareReport report_;
  nlohmann::json golden_;
};

TEST_P(PrepareGolden, DeltasEqualTheOracle) {
  auto task = H5adFile::open(out_ / "task.h5ad");
  auto oracle = H5adFile::open(kGolden / (std::string("pseudobulk_") + GetParam().name + ".h5ad"));
  ASSERT_TRUE(task && oracle);
  EXPECT_EQ(*task->read_index(H5adAxis::obs), *oracle->read_index(H5adAxis::obs));
  EXPECT_EQ(*task->read_index(H5adAxis::var), *oracle->read_index(H5adAxis::var));
  EXPECT_EQ(std::get<std::vector<std::int64_t>>(task->read_column(H5adAxis::obs, "test_split")->values),
            std::get<std::vector<std::int64_t>>(oracle->read_column(H5adAxis::obs, "test_split")->values));
  const Matrix ours = *task->matrix()->read(), theirs = *oracle->matrix()->read();
  ASSERT_EQ(ours.rows(), theirs.rows());
  EXPECT_LT((ours - theirs).cwiseAbs().maxCoeff(), kDeltaTolerance);
}

TEST_P(PrepareGolden, NoiseLiesWithinTheOraclesSpread) {
  const NoiseRows noise = read_noise(out_ / "noise.csv");
  const nlohmann::json& spread = golden_["experimental_error_seed_spread"][GetParam().name]["folds"];
  ASSERT_EQ(spread.size(), 5u);
  std::map<std::string, std::vector<std::string>> perts_of_fold;
  auto folds = DelimitedReader::open(kGolden / "folds.csv");
  ASSERT_TRUE(folds && folds->read_header());
  while (*folds->next()) {
    perts_of_fold[std::string(folds->cells()[*folds->column("test_split")])].emplace_back(
        folds->cells()[*folds->column("pert_id")]);
  }
  int n_checked = 0;
  for (const auto& [fold, metrics] : spread.items()) {
    for (const auto& [metric, quantiles] : metrics.items()) {
      for (const auto& [quantile, expected] : quantiles.items()) {
        double mean = 0;
        for (const std::string& pert : perts_of_fold.at(fold)) mean += noise.at(pert).at(quantile).at(metric);
        mean /= static_cast<double>(perts_of_fold.at(fold).size());
        EXPECT_NEAR(mean, expected["mean"].get<double>(), kSpreadTolerance * expected["sd"].get<double>())
            << "fold " << fold << " " << metric << " q" << quantile;
        ++n_checked;
      }
    }
  }
  EXPECT_EQ(n_checked, 5 * 5 * 3);
}

TEST_P(PrepareGolden, ReportCountsWhatIsThere) {
  ASSERT_EQ(report_.contexts.size(), 1u);
  EXPECT_EQ(report_.contexts[0].n_perturbations, 60u);
  EXPECT_EQ(report_.contexts[0].n_batches, 4u);
  EXPECT_EQ(report_.n_cells_used, 6000u);
  EXPECT_EQ(report_.n_folds, 5u);
}

INSTANTIATE_TEST_SUITE_P(Designs, PrepareGolden,
                         ::testing::Values(GoldenCase{Design::global, "global"}, GoldenCase{Design::matched, "plate"}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace prepare_golden_test
}  // namespace headroom
