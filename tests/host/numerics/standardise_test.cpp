#include "numerics/standardise.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "host/protocol/reference_data.hpp"
#include "numerics/pca.hpp"

namespace headroom {
namespace standardise_test {

constexpr double kRounding = 1e-13;

TEST(Standardise, EqualsScikitLearn) {
  const auto reference = read_json(HEADROOM_SOURCE_DIR "/tests/reference/protocol/pca.json");
  const Matrix train = matrix_of(reference.at("train"));
  const Standardisation actual = standardisation(column_moments(train, all_rows(train.rows())));
  const Vector mean = vector_of(reference.at("mean")), scale = vector_of(reference.at("scale"));
  for (Eigen::Index j = 0; j < mean.size(); ++j) {
    EXPECT_NEAR(actual.mean[j], mean[j], kRounding * std::abs(mean[j]));
    // Column 4 varies by 1e-10 of its mean: ten digits are lost in the data itself.
    EXPECT_NEAR(actual.scale[j], scale[j], (j == 4 ? 1e-6 : kRounding) * scale[j]) << j;
  }
  EXPECT_EQ(actual.scale[3], 1.0);
}

TEST(Standardise, MomentsOfAUnionFollowFromItsParts) {
  const Matrix x = normal_matrix(50, 7, 1).array() + 1e3;
  const std::vector<RowIndex> split = {{0, 5, 9}, {}, {1, 2, 3, 4}, {6, 7, 8, 10, 11, 12}};
  std::vector<ColumnMoments> parts;
  for (const RowIndex& rows : split) parts.push_back(column_moments(x, rows));
  const auto expect_moments = [&](const ColumnMoments& actual, const RowIndex& rows) {
    const Matrix chosen = gather_rows(x, rows);
    const RowVector mean = chosen.colwise().mean();
    EXPECT_EQ(actual.n_rows, chosen.rows());
    EXPECT_LT((actual.mean - mean).cwiseAbs().maxCoeff(), 1e3 * kRounding);
    EXPECT_LT((actual.scatter - (chosen.rowwise() - mean).cwiseAbs2().colwise().sum()).cwiseAbs().maxCoeff(), 1e-10);
  };
  expect_moments(merge_moments(parts), {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  expect_moments(merge_moments(parts, 2), {0, 5, 6, 7, 8, 9, 10, 11, 12});
}

// Every way of arriving at n equal values must find the column constant, as scikit-learn does; one that varies in its
// seventh digit must not be.
TEST(Standardise, ConstantColumnsAreDividedByOne) {
  for (const double value : {0.0, 0.1, -1e-100, 1e6 / 3, 1e150}) {
    for (const Eigen::Index n : {1, 3, 10, 1000}) {
      Matrix x = Matrix::Constant(n, 2, value);
      const Eigen::Index half = n / 2;
      const std::vector<ColumnMoments> parts = {
          column_moments(x, all_rows(half)),
          column_moments(x.bottomRows(n - half), all_rows(n - half)),
      };
      EXPECT_EQ(standardisation(column_moments(x, all_rows(n))).scale[0], 1.0) << value << " × " << n;
      EXPECT_EQ(standardisation(merge_moments(parts)).scale[0], 1.0) << value << " × " << n << " in parts";
      if (n > 1 && value != 0) {
        x(0, 1) *= 1 + 1e-7;
        EXPECT_LT(standardisation(column_moments(x, all_rows(n))).scale[1] / std::abs(value), 1e-7) << value;
      }
    }
  }
}

TEST(Standardise, KeepsValuesThatAreNotFiniteVisible) {
  Matrix x = normal_matrix(4, 3, 2);
  x(2, 1) = std::nan("");
  x(3, 2) = HUGE_VAL;
  const ColumnMoments moments = column_moments(x, all_rows(4));
  EXPECT_TRUE(std::isfinite(moments.scatter[0]));
  EXPECT_FALSE(std::isfinite(moments.scatter[1]));
  EXPECT_FALSE(std::isfinite(moments.scatter[2]));
}

TEST(Standardise, NoRowsHaveNoMoments) {
  const ColumnMoments moments = column_moments(Matrix(0, 2), {});
  EXPECT_EQ(moments.n_rows, 0);
  EXPECT_EQ(moments.mean, RowVector::Zero(2));
}

}  // namespace standardise_test
}  // namespace headroom
