#include "fusion/positive_inverse.hpp"

#include <gtest/gtest.h>

#include "fusion/dense_product.hpp"
#include "plugins/predictor_call.hpp"

namespace headroom::testing {
namespace positive_inverse_test {

sdk::Matrix positive_matrix(Eigen::Index n, std::uint64_t seed) {
  const sdk::Matrix root = random_matrix(n, n + 3, seed);
  return root * root.transpose() + sdk::Matrix::Identity(n, n);
}

// Whole blocks of 64, parts of them, and one row.
TEST(PositiveInverse, TimesTheMatrixIsTheIdentity) {
  for (const Eigen::Index n : {1, 5, 63, 64, 65, 128, 201}) {
    const sdk::Matrix a = positive_matrix(n, 3);
    const auto inverse = fusion::positive_inverse(a, 2);
    ASSERT_TRUE(inverse) << n;
    const sdk::Matrix one = *inverse * a;
    EXPECT_LT((one - sdk::Matrix::Identity(n, n)).cwiseAbs().maxCoeff(), 1e-9) << n;
    EXPECT_TRUE(*inverse == *fusion::positive_inverse(a, 1)) << n;
    EXPECT_TRUE(*inverse == sdk::Matrix(inverse->transpose())) << n;
  }
}

TEST(PositiveInverse, IsNoneOfAMatrixThatIsNotPositive) {
  sdk::Matrix a = positive_matrix(130, 4);
  a(100, 100) = -1;
  EXPECT_FALSE(fusion::positive_inverse(a, 1));
  EXPECT_FALSE(fusion::positive_inverse(sdk::Matrix::Zero(3, 3), 1));
}

TEST(DenseProduct, IsThatOfEigen) {
  for (const Eigen::Index n : {1, 7, 64, 130}) {
    const sdk::Matrix left = random_matrix(n, 70, 5), right = random_matrix(70, n + 2, 6);
    const auto equal = [](const sdk::Matrix& a, const sdk::Matrix& b) { return (a - b).cwiseAbs().maxCoeff() < 1e-12; };
    EXPECT_TRUE(equal(fusion::product(left, right, 2), left * right)) << n;
    EXPECT_TRUE(equal(fusion::product_with_transposed(left, right.transpose(), 2), left * right)) << n;
    EXPECT_TRUE(equal(fusion::symmetric_product(left, left, 2), left * left.transpose())) << n;
  }
}

}  // namespace positive_inverse_test
}  // namespace headroom::testing
