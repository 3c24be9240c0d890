#include "conformance/difference.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace headroom {
namespace difference_test {

Matrix numbers() {
  Matrix values(2, 2);
  values << 1, -4, 0.5, 2;
  return values;
}

TEST(Difference, EqualBitsDoNotDiffer) {
  EXPECT_TRUE(difference(numbers(), numbers()).is_bitwise_equal);
  EXPECT_TRUE(difference(Matrix(0, 3), Matrix(0, 3)).is_bitwise_equal);
}

TEST(Difference, IsRelativeToTheLargestNumber) {
  Matrix other = numbers();
  other(1, 0) += 0.25;
  const Difference apart = difference(numbers(), other);
  EXPECT_FALSE(apart.is_bitwise_equal);
  EXPECT_DOUBLE_EQ(apart.relative, 0.25 / 4);
}

TEST(Difference, ZerosOfTwoSignsAreTheSameNumberInOtherBits) {
  const Matrix plus = Matrix::Zero(1, 1), minus = -plus;
  ASSERT_TRUE(std::signbit(minus(0, 0)));
  EXPECT_FALSE(difference(plus, minus).is_bitwise_equal);
  EXPECT_EQ(difference(plus, minus).relative, 0);
}

TEST(Difference, OtherShapesAndMasksAreInfinitelyFarApart) {
  EXPECT_TRUE(std::isinf(difference(Matrix::Zero(2, 1).eval(), Matrix::Zero(1, 2).eval()).relative));
  EXPECT_TRUE(std::isinf(difference(EmbeddingAnswer{numbers(), {1, 1}}, EmbeddingAnswer{numbers(), {1, 0}}).relative));
  EXPECT_TRUE(std::isinf(difference(Predictions{{1}, {numbers()}}, Predictions{{0}, {numbers()}}).relative));
}

TEST(Difference, RowsAreTakenInTheOrderNamed) {
  const EmbeddingAnswer part = rows_of(EmbeddingAnswer{numbers(), {1, 0}}, {1, 0, 1});
  EXPECT_EQ(part.present, (std::vector<std::uint8_t>{0, 1, 0}));
  EXPECT_EQ(part.vectors.row(0), numbers().row(1));
  EXPECT_EQ(part.vectors.row(1), numbers().row(0));
  const Predictions of_two = rows_of(Predictions{{1, 0}, {numbers(), Matrix()}}, {1});
  EXPECT_EQ(of_two.values[0], numbers().row(1));
  EXPECT_EQ(of_two.values[1].size(), 0);  // an infeasible setting has no rows
}

TEST(Difference, FindingsTellBitsFromRoundingFromMore) {
  EXPECT_EQ(expect_same_bits({true, 0}, "x").outcome, CheckOutcome::pass);
  EXPECT_EQ(expect_same_bits({false, 1e-15}, "x").outcome, CheckOutcome::fail);
  EXPECT_EQ(expect_same_numbers({true, 0}, "x").outcome, CheckOutcome::pass);
  EXPECT_EQ(expect_same_numbers({false, 1e-15}, "x").outcome, CheckOutcome::warn);
  EXPECT_EQ(expect_same_numbers({false, 1e-6}, "x").outcome, CheckOutcome::warn);
  EXPECT_EQ(expect_same_numbers({false, 3e-8}, "x").detail,
            "x changes the last digits of single precision, by 3e-08 of the largest");
  EXPECT_EQ(expect_same_numbers({false, 1.1e-6}, "x").outcome, CheckOutcome::fail);
  EXPECT_EQ(expect_same_numbers({false, INFINITY}, "x").detail, "x changes which rows or settings are answered");
}

}  // namespace difference_test
}  // namespace headroom
