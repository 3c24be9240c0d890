// simulate_screen as a whole: what it writes, that it depends on the seed alone, and where the bounds lie against the
// truth.
#include "simulation/screen.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <set>
#include <sstream>

#include "io/delimited.hpp"
#include "io/h5ad.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;

class ScreenTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) /
              (std::string("screen_") + testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  ScreenReport simulate(const fs::path& folder, const ScreenOptions& options, int n_threads) {
    ThreadPool pool(n_threads);
    NoProgress progress;
    auto report = simulate_screen(folder, options, pool, progress, {});
    EXPECT_TRUE(report.has_value()) << (report ? "" : report.error().line());
    return report.value_or(ScreenReport{});
  }

  fs::path folder_;
};

std::string text_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Matrix matrix_of(const fs::path& path) {
  auto file = H5adFile::open(path);
  EXPECT_TRUE(file.has_value());
  return *file->matrix()->read();
}

TEST_F(ScreenTest, WritesAWholeScreen) {
  const ScreenReport report = simulate(folder_, {ScreenPreset::tiny, 3, {}}, 2);
  EXPECT_EQ(report.written.size(), 7u);
  for (const fs::path& path : report.written) EXPECT_TRUE(fs::exists(path)) << path;

  auto cells = H5adFile::open(folder_ / "cells.h5ad");
  auto task = H5adFile::open(folder_ / "task" / "task.h5ad");
  auto truth = H5adFile::open(folder_ / "truth.h5ad");
  ASSERT_TRUE(cells && task && truth);
  EXPECT_NEAR(static_cast<double>(cells->n_obs()), 900, 20);
  EXPECT_EQ(cells->n_vars(), 100u);
  EXPECT_EQ(cells->matrix()->n_stored(), static_cast<std::size_t>(report.n_entries));
  EXPECT_EQ(task->n_obs(), 12u);
  EXPECT_EQ(*task->read_index(H5adAxis::obs), *truth->read_index(H5adAxis::obs));
  EXPECT_EQ(*task->read_index(H5adAxis::var), *truth->read_index(H5adAxis::var));

  // Some perturbed genes are not measured; ids look like Ensembl's.
  const auto perts = *task->read_index(H5adAxis::obs), genes = *task->read_index(H5adAxis::var);
  const std::set<std::string> measured(genes.begin(), genes.end());
  const auto n_measured =
      std::count_if(perts.begin(), perts.end(), [&](const auto& id) { return measured.contains(id); });
  EXPECT_EQ(n_measured, 11);
  for (const std::string& id : perts) EXPECT_TRUE(id.starts_with("ENSG") && id.size() == 15) << id;

  // Embeddings know every perturbation and some genes more.
  auto good = H5adFile::open(folder_ / "embeddings" / "good.h5ad");
  ASSERT_TRUE(good);
  const auto ids = *good->read_index(H5adAxis::obs);
  const std::set<std::string> known(ids.begin(), ids.end());
  EXPECT_EQ(known.size(), ids.size());
  for (const std::string& id : perts) EXPECT_TRUE(known.contains(id));
  EXPECT_GT(ids.size(), perts.size());
}

TEST_F(ScreenTest, DependsOnTheSeedAloneNotOnThreads) {
  simulate(folder_ / "one", {ScreenPreset::tiny, 8, {}}, 1);
  simulate(folder_ / "three", {ScreenPreset::tiny, 8, {}}, 3);
  simulate(folder_ / "other", {ScreenPreset::tiny, 9, {}}, 1);
  for (const char* file : {"cells.h5ad", "truth.h5ad", "task/task.h5ad", "embeddings/good.h5ad"}) {
    EXPECT_EQ(matrix_of(folder_ / "one" / file), matrix_of(folder_ / "three" / file)) << file;
  }
  const std::string noise = text_of(folder_ / "one" / "task" / "noise.csv");
  EXPECT_EQ(noise, text_of(folder_ / "three" / "task" / "noise.csv"));
  EXPECT_NE(noise, text_of(folder_ / "other" / "task" / "noise.csv"));
}

TEST_F(ScreenTest, SeveralContextsShareEffects) {
  ScreenOptions options{ScreenPreset::tiny, 4, screen_size(ScreenPreset::tiny)};
  options.size->n_contexts = 2;
  options.size->n_cells = 2'000;
  simulate(folder_, options, 2);
  const Matrix truth = matrix_of(folder_ / "truth.h5ad");
  ASSERT_EQ(truth.rows(), 24);
  const auto correlation = [](const RowVector& a, const RowVector& b) {
    const RowVector x = a.array() - a.mean(), y = b.array() - b.mean();
    return x.dot(y) / std::sqrt(x.squaredNorm() * y.squaredNorm());
  };
  double same = 0;
  for (Eigen::Index p = 0; p < 12; ++p) same += correlation(truth.row(p), truth.row(p + 12)) / 12;
  EXPECT_GT(same, 0.4);
  EXPECT_LT(same, 0.999);
}

// Without cells the deltas are drawn around the truth with known errors.
TEST_F(ScreenTest, WithoutCellsErrorsAreThoseOfTheNoiseTable) {
  ScreenOptions options{ScreenPreset::tiny, 4, screen_size(ScreenPreset::tiny)};
  options.size->n_cells = 0;
  options.size->n_contexts = 2;
  options.size->n_genes = 2'000;
  simulate(folder_, options, 2);
  EXPECT_FALSE(fs::exists(folder_ / "cells.h5ad"));
  const Matrix truth = matrix_of(folder_ / "truth.h5ad"), measured = matrix_of(folder_ / "task" / "task.h5ad");
  auto noise = DelimitedReader::open(folder_ / "task" / "noise.csv");
  ASSERT_TRUE(noise && noise->read_header());
  int row = 0;
  while (*noise->next()) {
    const Eigen::Index r = row++ / 7;
    const double closed = *noise->number(*noise->column("closed_form"));
    // The norm of 2,000 independent errors strays by a few percent.
    EXPECT_NEAR((measured.row(r) - truth.row(r)).norm() / closed, 1, 0.1);
  }
  EXPECT_EQ(row, 24 * 7);
}

// Where the bounds lie against the truth, over 20 screens: the true deltas, as a prediction, beat the null and are no
// better than the closed form says. The published quantiles score a draw against the estimate, not the estimate against
// the truth: two-stage resampling errs more than the estimate itself, so q0.9 (and the median too) is looser than the
// truth's error.
TEST_F(ScreenTest, TrueDeltasScoreAsTheClosedFormSays) {
  double truth_sum = 0, closed_sum = 0, q50_sum = 0, q90_sum = 0;
  std::vector<double> ratios;  // per screen: the truth's error over the closed form
  constexpr int kScreens = 20;
  for (int seed = 1; seed <= kScreens; ++seed) {
    ScreenSize size;
    size.n_perturbations = 24;
    size.n_genes = 150;
    size.n_cells = 1'800;
    size.n_modules = 3;
    size.n_factors = 3;
    size.embedding_dim = 8;
    const fs::path folder = folder_ / std::to_string(seed);
    simulate(folder, {ScreenPreset::tiny, static_cast<std::uint64_t>(seed), size}, 2);
    const Matrix truth = matrix_of(folder / "truth.h5ad"), measured = matrix_of(folder / "task" / "task.h5ad");
    const double error = (truth - measured).rowwise().norm().mean();
    const double null = (measured.rowwise() - measured.colwise().mean()).rowwise().norm().mean();
    EXPECT_LT(error, null) << "seed " << seed;
    double closed = 0, q50 = 0, q90 = 0;
    auto noise = DelimitedReader::open(folder / "task" / "noise.csv");
    ASSERT_TRUE(noise && noise->read_header());
    while (*noise->next()) {
      const double quantile = *noise->number(*noise->column("quantile")), l2 = *noise->number(*noise->column("L2"));
      if (quantile == 0.5) {
        q50 += l2 / 24;
        closed += *noise->number(*noise->column("closed_form")) / 24;
      }
      if (quantile == 0.9) q90 += l2 / 24;
    }
    truth_sum += error;
    closed_sum += closed;
    q50_sum += q50;
    q90_sum += q90;
    ratios.push_back(error / closed);
    fs::remove_all(folder);
  }
  const double ratio = truth_sum / closed_sum, mean = std::accumulate(ratios.begin(), ratios.end(), 0.0) / kScreens;
  double squares = 0;
  for (const double r : ratios) squares += (r - mean) * (r - mean);
  constexpr double kStudent = 2.093;  // 97.5 % point of 19 degrees of freedom
  const double half_width = kStudent * std::sqrt(squares / (kScreens - 1) / kScreens);
  RecordProperty("truth_over_closed_form", std::to_string(ratio));
  RecordProperty("truth_over_closed_form_ci", std::to_string(mean) + " ± " + std::to_string(half_width));
  RecordProperty("q50_over_truth", std::to_string(q50_sum / truth_sum));
  RecordProperty("q90_over_truth", std::to_string(q90_sum / truth_sum));
  // Not better than the closed form within the interval over screens; batch effects that do not average out add a few
  // percent to it.
  EXPECT_GE(mean + half_width, 1.0);
  EXPECT_LT(half_width, 0.05) << "the interval must be able to tell";
  EXPECT_LT(ratio, 1.15);
  // What README.md says of the quantiles: 1.3 and 1.6 times the truth's error.
  EXPECT_NEAR(q50_sum / truth_sum, 1.3, 0.05);
  EXPECT_NEAR(q90_sum / truth_sum, 1.6, 0.05);
}

TEST(ScreenPresets, NamesAreKnown) {
  for (const char* name : {"tiny", "small", "medium", "study", "paper"})
    EXPECT_TRUE(screen_preset(name).has_value()) << name;
  EXPECT_FALSE(screen_preset("huge").has_value());
  const ScreenSize paper = screen_size(ScreenPreset::paper);
  EXPECT_EQ(paper.n_perturbations, 2'000);
  EXPECT_EQ(paper.n_genes, 6'640);
  EXPECT_EQ(paper.n_contexts, 4);
  EXPECT_EQ(paper.embedding_dim, 1'280);
}

}  // namespace
}  // namespace headroom
