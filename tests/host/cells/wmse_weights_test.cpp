#include "cells/wmse_weights.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace headroom {
namespace wmse_weights_test {

// cells × 3 genes of three perturbations.
const std::vector<std::vector<std::vector<double>>> kCells = {
    {{1, 0, 2}, {2, 0, 2}, {3, 0, 2.5}}, {{5, 0, 2}, {6, 0, 1}}, {{0, 0, 3}, {1, 0, 2}, {0.5, 0, 1}, {2, 0, 0}}};

SumsOfCells sums_of(const std::vector<std::vector<std::vector<double>>>& cells) {
  const auto n = static_cast<Eigen::Index>(cells.size());
  SumsOfCells sums{Matrix::Zero(n, 3), Matrix::Zero(n, 3), Vector::Zero(n)};
  for (std::size_t p = 0; p < cells.size(); ++p) {
    const auto row = static_cast<Eigen::Index>(p);
    for (const auto& cell : cells[p]) {
      sums.n_cells[row] += 1;
      for (Eigen::Index g = 0; g < 3; ++g) {
        sums.sum(row, g) += cell[static_cast<std::size_t>(g)];
        sums.sum_of_squares(row, g) += cell[static_cast<std::size_t>(g)] * cell[static_cast<std::size_t>(g)];
      }
    }
  }
  return sums;
}

// As scPertEval words it.
double naive_t(std::size_t p, std::size_t gene) {
  std::vector<double> own, rest;
  for (std::size_t q = 0; q < kCells.size(); ++q) {
    for (const auto& cell : kCells[q]) (q == p ? own : rest).push_back(cell[gene]);
  }
  const auto moments = [](const std::vector<double>& values) {
    double mean = 0, variance = 0;
    for (const double value : values) mean += value / static_cast<double>(values.size());
    for (const double value : values)
      variance += (value - mean) * (value - mean) / static_cast<double>(values.size() - 1);
    return std::pair{mean, variance / static_cast<double>(values.size())};
  };
  const auto [a, va] = moments(own);
  const auto [b, vb] = moments(rest);
  return va + vb > 0 ? std::abs(a - b) / std::sqrt(va + vb) : 0;
}

TEST(WmseWeights, AreSquaredScaledStatisticsAgainstTheRest) {
  const FloatMatrix weights = wmse_weights(sums_of(kCells));
  for (std::size_t p = 0; p < kCells.size(); ++p) {
    RowVector t(3);
    for (std::size_t g = 0; g < 3; ++g) t[static_cast<Eigen::Index>(g)] = naive_t(p, g);
    RowVector expected = ((t.array() - t.minCoeff()) / (t.maxCoeff() - t.minCoeff())).square();
    expected /= expected.sum();
    for (Eigen::Index g = 0; g < 3; ++g) {
      EXPECT_NEAR(weights(static_cast<Eigen::Index>(p), g), expected[g], 1e-7) << p << " " << g;
    }
    EXPECT_EQ(weights(static_cast<Eigen::Index>(p), 1), 0) << "the gene that nobody has";
  }
}

TEST(WmseWeights, AreUniformWhereNothingTellsGenesApart) {
  auto cells = kCells;
  cells[0] = {{1, 1, 1}};  // a single cell has no variance
  const FloatMatrix weights = wmse_weights(sums_of(cells));
  for (Eigen::Index g = 0; g < 3; ++g) EXPECT_FLOAT_EQ(weights(0, g), 1 / 3.0f);
  EXPECT_NEAR(weights.row(1).sum(), 1, 1e-6);
  const FloatMatrix alone = wmse_weights(sums_of({kCells[0]}));  // no rest
  for (Eigen::Index g = 0; g < 3; ++g) EXPECT_FLOAT_EQ(alone(0, g), 1 / 3.0f);
}

TEST(WmseWeights, TakeAnInfiniteStatisticForTheLargestFiniteOne) {
  auto cells = kCells;
  for (auto& cell : cells[0]) cell[1] = 7;  // no variance on either side, and another mean
  const FloatMatrix weights = wmse_weights(sums_of(cells));
  EXPECT_TRUE(weights.allFinite());
  EXPECT_EQ(weights(0, 1), weights.row(0).maxCoeff());
}

}  // namespace wmse_weights_test
}  // namespace headroom
