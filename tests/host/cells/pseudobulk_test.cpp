#include "cells/pseudobulk.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "random_cells.hpp"

namespace headroom {
namespace pseudobulk_test {

constexpr std::uint32_t kGenes = 19;
constexpr double kTolerance = 1e-12;  // sums of tens of numbers in another order

// Mean and s²/n of the rows [begin, end), by their definitions.
Profile naive_moments(const Matrix& cells, Eigen::Index begin, Eigen::Index n) {
  Profile out{cells.middleRows(begin, n).colwise().mean(), RowVector::Zero(cells.cols())};
  if (n > 1) {
    const Matrix centred = cells.middleRows(begin, n).rowwise() - out.mean;
    out.squared_error = centred.colwise().squaredNorm() / static_cast<double>((n - 1) * n);
  }
  return out;
}

class Pseudobulk : public ::testing::Test {
 protected:
  // Batches 0, 2, 3 of the perturbation (one with a single cell); 0 to 3 of the control.
  CellRows pert_ = random_cells(1, {6, 0, 1, 9}, kGenes, 0.4), control_ = random_cells(2, {8, 5, 3, 2}, kGenes, 0.4);
  ThreadPool pool_{2};
  BatchMoments pert_moments_, control_moments_;

  void SetUp() override {
    // Memory of a larger group before must not show.
    batch_moments(random_cells(9, {3, 3, 3, 3, 3}, kGenes, 0.9), kGenes, pool_, pert_moments_);
    batch_moments(pert_, kGenes, pool_, pert_moments_);
    batch_moments(control_, kGenes, pool_, control_moments_);
  }
};

TEST_F(Pseudobulk, MomentsEqualTheirDefinitions) {
  const Matrix dense = dense_of(pert_, kGenes);
  ASSERT_EQ(pert_moments_.spans.size(), 3u);
  for (std::size_t s = 0; s < 3; ++s) {
    const BatchSpan& span = pert_moments_.spans[s];
    const Profile naive = naive_moments(dense, span.begin, span.n_cells());
    const auto row = static_cast<Eigen::Index>(s);
    EXPECT_LT((pert_moments_.mean.row(row) - naive.mean).cwiseAbs().maxCoeff(), kTolerance);
    EXPECT_LT((pert_moments_.squared_error.row(row) - naive.squared_error).cwiseAbs().maxCoeff(), kTolerance);
  }
  EXPECT_EQ(pert_moments_.squared_error.row(1).cwiseAbs().maxCoeff(), 0);  // one cell says nothing of its spread
}

TEST_F(Pseudobulk, GlobalDeltaWeighsBatchesEqually) {
  const Matrix p = dense_of(pert_, kGenes), c = dense_of(control_, kGenes);
  RowVector expected = (naive_moments(p, 0, 6).mean + naive_moments(p, 6, 1).mean + naive_moments(p, 7, 9).mean) / 3;
  expected -= (naive_moments(c, 0, 8).mean + naive_moments(c, 8, 5).mean + naive_moments(c, 13, 3).mean +
               naive_moments(c, 16, 2).mean) /
              4;
  const Profile delta = global_delta(pert_moments_, mean_over_batches(control_moments_));
  EXPECT_LT((delta.mean - expected).cwiseAbs().maxCoeff(), kTolerance);
  const RowVector error = (naive_moments(p, 0, 6).squared_error + naive_moments(p, 7, 9).squared_error) / 9 +
                          (naive_moments(c, 0, 8).squared_error + naive_moments(c, 8, 5).squared_error +
                           naive_moments(c, 13, 3).squared_error + naive_moments(c, 16, 2).squared_error) /
                              16;
  EXPECT_LT((delta.squared_error - error).cwiseAbs().maxCoeff(), kTolerance);
}

TEST_F(Pseudobulk, MatchedDeltaSubtractsTheSameBatchsControl) {
  const Matrix p = dense_of(pert_, kGenes), c = dense_of(control_, kGenes);
  const RowVector expected = ((naive_moments(p, 0, 6).mean - naive_moments(c, 0, 8).mean) +
                              (naive_moments(p, 6, 1).mean - naive_moments(c, 13, 3).mean) +
                              (naive_moments(p, 7, 9).mean - naive_moments(c, 16, 2).mean)) /
                             3;
  const Profile delta = matched_delta(pert_moments_, control_moments_);
  EXPECT_LT((delta.mean - expected).cwiseAbs().maxCoeff(), kTolerance);
  const RowVector error = (naive_moments(p, 0, 6).squared_error + naive_moments(p, 7, 9).squared_error +
                           naive_moments(c, 0, 8).squared_error + naive_moments(c, 13, 3).squared_error +
                           naive_moments(c, 16, 2).squared_error) /
                          9;
  EXPECT_LT((delta.squared_error - error).cwiseAbs().maxCoeff(), kTolerance);
}

TEST_F(Pseudobulk, ThreadsDoNotChangeABit) {
  ThreadPool alone(1), many(3);
  const CellRows rows = random_cells(5, {40, 50}, 2'000, 0.1);
  BatchMoments one, three;
  batch_moments(rows, 2'000, alone, one);
  batch_moments(rows, 2'000, many, three);
  EXPECT_EQ(one.mean, three.mean);
  EXPECT_EQ(one.squared_error, three.squared_error);
}

TEST(FindBatch, FindsOrSaysEnd) {
  const std::vector<BatchSpan> spans = {{1, 0, 2}, {4, 2, 3}};
  EXPECT_EQ(find_batch(spans, 1), 0u);
  EXPECT_EQ(find_batch(spans, 4), 1u);
  EXPECT_EQ(find_batch(spans, 3), 2u);
  EXPECT_EQ(find_batch({}, 3), 0u);
}

}  // namespace pseudobulk_test
}  // namespace headroom
