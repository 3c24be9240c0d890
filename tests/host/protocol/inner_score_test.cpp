#include "protocol/inner_score.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "host/protocol/reference_data.hpp"

namespace headroom {
namespace {

TEST(InnerScore, IsTheMeanOfRowNorms) {
  const Matrix truth = normal_matrix(9, 101, 1), prediction = normal_matrix(3, 101, 2);
  const RowIndex rows = {1, 4, 8};
  const double expected = (prediction - gather_rows(truth, rows)).rowwise().norm().mean();
  EXPECT_NEAR(mean_row_l2(prediction, truth, rows), expected, 1e-13 * expected);  // another order of summation
}

TEST(InnerScore, ReadsRowsOfAWiderMatrix) {
  const Matrix truth = normal_matrix(2, 40, 3), prediction = normal_matrix(2, 64, 4);
  const double expected = (prediction.leftCols(40) - truth).rowwise().norm().mean();
  EXPECT_NEAR(mean_row_l2(prediction.leftCols(40), truth, {0, 1}), expected, 1e-13 * expected);
}

TEST(InnerScore, IsUndefinedWhereAValueIsNotFinite) {
  const Matrix truth = normal_matrix(2, 19, 5);
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL, 1e200}) {
    for (const Eigen::Index gene : {0, 18}) {
      Matrix prediction = truth;
      prediction(1, gene) = bad;
      EXPECT_TRUE(std::isnan(mean_row_l2(prediction, truth, {0, 1}))) << bad << " at gene " << gene;
    }
  }
  EXPECT_TRUE(std::isnan(mean_row_l2(Matrix(0, 19), truth, {})));
}

}  // namespace
}  // namespace headroom
