#include "predictions/scale_check.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <random>

namespace headroom {
namespace scale_check_test {

constexpr double kTarget = 10'000;

// Counts of cells × genes, and what the task makes of them.
struct Cells {
  Matrix counts, log;
  RowVector control;
};

Matrix lognorm(const Matrix& counts, double target) {
  Matrix out = counts;
  for (Eigen::Index i = 0; i < out.rows(); ++i)
    out.row(i) = (counts.row(i) * (target / counts.row(i).sum())).array().log1p();
  return out;
}

Cells make_cells(Eigen::Index n, Eigen::Index n_genes, double mean_count, std::uint32_t seed) {
  std::mt19937 random(seed);
  std::gamma_distribution<double> level(1.5, mean_count / 1.5), depth(5, 0.2);
  std::vector<double> base(static_cast<std::size_t>(n_genes));
  for (double& b : base) b = level(random);
  Cells cells;
  cells.counts.resize(n, n_genes);
  for (Eigen::Index i = 0; i < n; ++i) {
    const double d = depth(random);
    for (Eigen::Index g = 0; g < n_genes; ++g) {
      cells.counts(i, g) = std::poisson_distribution<int>(base[static_cast<std::size_t>(g)] * d + 1e-9)(random);
    }
    cells.counts(i, 0) += 1;
  }
  cells.log = lognorm(cells.counts, kTarget);
  cells.control = cells.log.colwise().mean();
  return cells;
}

std::optional<std::string> judge(const Matrix& rows, const Cells& task, SaidScale said, bool are_cells, bool controls) {
  ScaleQuestion question;
  question.said = said;
  question.are_cells = are_cells;
  question.are_controls = controls;
  question.rows = rows;
  question.control = task.control;
  for (Eigen::Index g = 0; g < task.control.size(); ++g) question.genes.push_back(static_cast<std::int32_t>(g));
  return other_scale(question);
}

class OtherScale : public ::testing::TestWithParam<std::pair<int, double>> {
 protected:
  const Cells task_ = make_cells(200, GetParam().first, GetParam().second, 1);
  const Matrix& log_ = task_.log;
  Matrix mean(const Matrix& rows) const { return rows.colwise().mean(); }
  // A perturbed population: some genes up, some down.
  Matrix shifted(const Matrix& rows) const {
    Matrix out = rows;
    for (Eigen::Index g = 0; g < out.cols(); g += 7) out.col(g) *= g % 2 ? 0.6 : 1.4;
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(Screens, OtherScale, ::testing::Values(std::pair{60, 3.0}, std::pair{1500, 0.8}));

TEST_P(OtherScale, TheTasksScaleIsNone) {
  for (const bool controls : {false, true}) {
    EXPECT_EQ(judge(log_, task_, SaidScale::log1p, true, controls), std::nullopt);
    EXPECT_EQ(judge(task_.counts, task_, SaidScale::counts, true, controls), std::nullopt);
    EXPECT_EQ(judge(mean(log_), task_, SaidScale::log1p, false, controls), std::nullopt);
    EXPECT_EQ(judge(log_.topRows(5), task_, SaidScale::log1p, true, controls), std::nullopt) << "few rows";
  }
  EXPECT_EQ(judge(shifted(mean(log_)), task_, SaidScale::log1p, false, false), std::nullopt);
  EXPECT_EQ(judge(mean(log_) * 0.0, task_, SaidScale::deltas, false, false), std::nullopt);
}

TEST_P(OtherScale, ABiasedModelIsNone) {
  for (const double factor : {0.6, 0.8, 0.9, 1.1, 1.3, 1.6}) {
    EXPECT_EQ(judge(mean(log_) * factor, task_, SaidScale::log1p, false, false), std::nullopt) << factor;
    EXPECT_EQ(judge(log_ * factor, task_, SaidScale::log1p, true, false), std::nullopt) << factor;
  }
  EXPECT_EQ(judge(shifted(log_) * 1.2, task_, SaidScale::log1p, true, false), std::nullopt);
  if (log_.rowwise().minCoeff().maxCoeff() == 0) {  // each cell has a zero
    EXPECT_EQ(judge(log_.array() + 0.1, task_, SaidScale::log1p, true, false), std::nullopt);
  }
  const Matrix noise = Matrix::Random(log_.rows(), log_.cols());
  EXPECT_EQ(judge(log_ + noise, task_, SaidScale::log1p, true, false), std::nullopt);
  EXPECT_EQ(judge(noise, task_, SaidScale::deltas, false, false), std::nullopt);
  EXPECT_EQ(judge(mean(noise).array() + 0.3, task_, SaidScale::deltas, false, false), std::nullopt);
}

// Baselines give every cell the mean profile: their totals are equal, and none of a cell's.
TEST_P(OtherScale, OneProfileForEveryCellIsNone) {
  const Matrix tile = mean(log_).replicate(50, 1);
  EXPECT_EQ(judge(tile, task_, SaidScale::log1p, true, false), std::nullopt);
  const Matrix nearly = tile + 0.01 * Matrix::Random(tile.rows(), tile.cols());
  EXPECT_EQ(judge(nearly, task_, SaidScale::log1p, true, false), std::nullopt);
}

TEST_P(OtherScale, NamesAnotherTargetSum) {
  for (const double target : {1e6, 1e5, 700.0}) {
    const Matrix other = lognorm(task_.counts, target);
    for (const bool controls : {false, true}) {
      const auto cause = judge(other, task_, SaidScale::log1p, true, controls);
      ASSERT_TRUE(cause) << target;
      EXPECT_NE(cause->find(target == 1e6   ? "1e+06 (CPM)"
                            : target == 1e5 ? "100000"
                                            : "700"),
                std::string::npos)
          << *cause;
    }
    // Of means the usual totals are known, and that others are others.
    const auto of_means = judge(mean(other), task_, SaidScale::log1p, false, false);
    ASSERT_TRUE(of_means) << target;
    // Of few counts 100000 looks as log2 does.
    const bool is_named = of_means->find(target == 1e6   ? "1e+06 (CPM)"
                                         : target == 1e5 ? "100000"
                                                         : "another total") != std::string::npos;
    EXPECT_TRUE(is_named || (target == 1e5 && GetParam().first == 60)) << *of_means;
  }
  // A median that happens to lie near the target is told by the totals alone.
  EXPECT_TRUE(judge(lognorm(task_.counts, 9000), task_, SaidScale::log1p, true, true));
}

TEST_P(OtherScale, NamesOtherLogarithmsAndNone) {
  const Matrix scaled = log_.array().exp() - 1;
  for (const bool cells : {true, false}) {
    const auto judged = [&](const Matrix& rows, SaidScale said = SaidScale::log1p) {
      return judge(cells ? rows : mean(rows), task_, said, cells, false).value_or("none");
    };
    EXPECT_NE(judged(log_ / std::numbers::ln2).find("log2"), std::string::npos);
    EXPECT_NE(judged(log_ / std::numbers::ln10).find("log10"), std::string::npos);
    // Of means over many zeros it is only told that it is another.
    const std::string twice = judged(log_.array().log1p());
    if (cells || GetParam().first == 60) {
      EXPECT_NE(twice.find("taken twice"), std::string::npos) << twice;
    } else {
      EXPECT_NE(twice, "none");
    }
    EXPECT_NE(judged(scaled).find("without a logarithm"), std::string::npos);
    if (cells) {
      EXPECT_NE(judged(task_.counts).find("without a logarithm"), std::string::npos);
    }
    EXPECT_NE(judged(log_, SaidScale::deltas).find("no control was subtracted"), std::string::npos);
    EXPECT_NE(judged(log_, SaidScale::counts).find("log1p values"), std::string::npos);
  }
  // Whatever the total was.
  const auto as_counts = judge(lognorm(task_.counts, 300), task_, SaidScale::counts, true, true);
  ASSERT_TRUE(as_counts);
  EXPECT_NE(as_counts->find("log1p values"), std::string::npos);
  EXPECT_EQ(judge(lognorm(task_.counts, 1e6).array().exp() - 1, task_, SaidScale::counts, true, true), std::nullopt)
      << "scaled counts scale to the same";
  EXPECT_EQ(judge(task_.counts * 0.97, task_, SaidScale::counts, true, false), std::nullopt) << "fractional counts";
  EXPECT_NE(judge(log_.rowwise() - task_.control, task_, SaidScale::log1p, false, false)->find("deltas"),
            std::string::npos);
}

}  // namespace scale_check_test
}  // namespace headroom
