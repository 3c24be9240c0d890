// Compares principal component scores whose signs, and whose axes within equal variances, are arbitrary.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "matrix/matrix.hpp"

namespace headroom {

// Every column of `actual` equals that of `expected` up to its sign, the same sign in both tables of rows (training and
// query). Tolerances are relative to the largest training score.
inline void expect_same_scores(const Matrix& training, const Matrix& query, const Matrix& expected_training,
                               const Matrix& expected_query, double tolerance) {
  ASSERT_EQ(training.rows(), expected_training.rows());
  ASSERT_EQ(training.cols(), expected_training.cols());
  ASSERT_EQ(query.rows(), expected_query.rows());
  ASSERT_EQ(query.cols(), expected_query.cols());
  const double largest = expected_training.size() > 0 ? expected_training.cwiseAbs().maxCoeff() : 0;
  for (Eigen::Index j = 0; j < training.cols(); ++j) {
    const double sign = training.col(j).dot(expected_training.col(j)) < 0 ? -1 : 1;
    const double of_training = (sign * training.col(j) - expected_training.col(j)).cwiseAbs().maxCoeff();
    EXPECT_LE(of_training, tolerance * largest) << "component " << j << " of the training rows";
    if (query.rows() == 0) continue;
    const double of_query = (sign * query.col(j) - expected_query.col(j)).cwiseAbs().maxCoeff();
    const double reach = std::max(largest, expected_query.cwiseAbs().maxCoeff());
    EXPECT_LE(of_query, tolerance * reach) << "component " << j << " of the query rows";
  }
}

}  // namespace headroom
