#include "cells/weighted_moments.hpp"

#include <gtest/gtest.h>

#include "cells/aligned_vector.hpp"
#include "random_cells.hpp"

namespace headroom {
namespace weighted_moments_test {

// Sums of some fifty products in another order.
constexpr double kTolerance = 1e-11;

TEST(WeightedMoments, EqualTheDenseProductsForEveryWidth) {
  const std::uint32_t n_genes = 23;
  const CellRows rows = random_cells(3, {50}, n_genes, 0.3);
  const Matrix dense = dense_of(rows, n_genes);
  GeneMajorBlock block;
  make_gene_major_block(rows, 0, 50, n_genes, block);
  for (std::uint32_t n_lanes = 8; n_lanes <= 80; n_lanes += 8) {
    std::mt19937 random(n_lanes);
    AlignedVector<double> weights(50 * n_lanes), sums(std::size_t{n_genes} * n_lanes, 1.5), squares(sums.size(), -2);
    for (double& w : weights) w = static_cast<int>(random() % 5);
    add_weighted_moments(block, weights.data(), n_lanes, 0, n_genes, sums.data(), squares.data());
    const ConstMatrixMap w(weights.data(), 50, n_lanes, Eigen::OuterStride<>(n_lanes));
    const ConstMatrixMap found(sums.data(), n_genes, n_lanes, Eigen::OuterStride<>(n_lanes));
    const ConstMatrixMap found_squares(squares.data(), n_genes, n_lanes, Eigen::OuterStride<>(n_lanes));
    // What was there is added to.
    const Matrix expected = (dense.transpose() * w).array() + 1.5;
    const Matrix expected_squares = (dense.array().square().matrix().transpose() * w).array() - 2;
    EXPECT_LT((found - expected).cwiseAbs().maxCoeff(), kTolerance) << n_lanes << " lanes";
    EXPECT_LT((found_squares - expected_squares).cwiseAbs().maxCoeff(), kTolerance) << n_lanes << " lanes";
  }
}

TEST(WeightedMoments, TouchOnlyTheGenesAskedFor) {
  const CellRows rows = random_cells(4, {9}, 10, 0.8);
  GeneMajorBlock block;
  make_gene_major_block(rows, 0, 9, 10, block);
  AlignedVector<double> weights(9 * 8, 1.0), sums(4 * 8, 0.0), squares(4 * 8, 0.0);
  add_weighted_moments(block, weights.data(), 8, 3, 6, sums.data(), squares.data());
  const Matrix dense = dense_of(rows, 10);
  for (int g = 3; g < 6; ++g) {
    EXPECT_NEAR(sums[static_cast<std::size_t>(g - 3) * 8], dense.col(g).sum(), kTolerance);
    EXPECT_NEAR(squares[static_cast<std::size_t>(g - 3) * 8], dense.col(g).squaredNorm(), kTolerance);
  }
  for (std::size_t i = 3 * 8; i < sums.size(); ++i) EXPECT_EQ(sums[i] + squares[i], 0.0);
}

}  // namespace weighted_moments_test
}  // namespace headroom
