#include "numerics/pca.hpp"

#include <gtest/gtest.h>

#include "host/protocol/reference_data.hpp"
#include "host/protocol/score_comparator.hpp"

namespace headroom {
namespace pca_test {

// Sound components (singular value at least 1e-3 of the largest) carry an error of at most ε / 1e-6 = 2e-10 relative to
// the largest score, times the closeness of neighbouring variances; random data keep that small.
constexpr double kGramTolerance = 1e-9;
// Column 4 of the reference has lost ten digits before PCA sees it.
constexpr double kReferenceTolerance = 1e-6;

Matrix scores_of(const Pca& pca, const Matrix& x) { return pca_scores(pca, x, all_rows(x.rows())); }

TEST(Pca, EqualsScikitLearn) {
  const auto reference = read_json(HEADROOM_SOURCE_DIR "/tests/reference/protocol/pca.json");
  const Matrix train = matrix_of(reference.at("train")), query = matrix_of(reference.at("query"));
  const auto pca = fit_pca(train, all_rows(train.rows()), 4, ColumnScaling::unit_variance);
  ASSERT_TRUE(pca) << pca.error().line();
  expect_same_scores(scores_of(*pca, train), scores_of(*pca, query), matrix_of(reference.at("train_scores")),
                     matrix_of(reference.at("query_scores")), kReferenceTolerance);
}

struct Shape {
  Eigen::Index rows, cols, rank, components;
};

class PcaShapes : public ::testing::TestWithParam<Shape> {};

// Both Gram sides against the singular value decomposition.
TEST_P(PcaShapes, EqualsThePlainPath) {
  const auto [rows, cols, rank, components] = GetParam();
  const Matrix train =
      rank > 0 ? Matrix(normal_matrix(rows, rank, 1) * normal_matrix(rank, cols, 2)) : normal_matrix(rows, cols, 1);
  const Matrix query = normal_matrix(5, cols, 3);
  for (const ColumnScaling scaling : {ColumnScaling::none, ColumnScaling::unit_variance}) {
    const auto fast = fit_pca(train, all_rows(rows), components, scaling);
    const auto plain = fit_pca_by_svd(train, all_rows(rows), components, scaling);
    ASSERT_TRUE(fast && plain);
    EXPECT_FALSE(fast->by_svd);
    EXPECT_EQ(plain->by_svd, rows > 1);  // one row does not vary
    EXPECT_EQ(fast->axes.rows(), std::min({rows, cols, components}));
    EXPECT_EQ(fast->rank, plain->rank);
    expect_same_scores(scores_of(*fast, train), scores_of(*fast, query), scores_of(*plain, train),
                       scores_of(*plain, query), kGramTolerance);
    if (fast->rank == 0) continue;
    const Matrix sound = fast->axes.topRows(fast->rank);
    EXPECT_LT((sound * sound.transpose() - Matrix::Identity(fast->rank, fast->rank)).cwiseAbs().maxCoeff(), 1e-9);
  }
}

INSTANTIATE_TEST_SUITE_P(Many, PcaShapes,
                         ::testing::Values(Shape{60, 20, 0, 10}, Shape{20, 60, 0, 10}, Shape{30, 30, 0, 29},
                                         Shape{25, 200, 0, 25}, Shape{200, 25, 0, 100}, Shape{50, 40, 7, 20},
                                         Shape{40, 90, 7, 20}, Shape{3, 1, 0, 1}, Shape{2, 8, 0, 2}, Shape{1, 5, 0, 1},
                                         Shape{300, 12, 0, 12}));

TEST(Pca, DuplicateRowsAndConstantColumnsAreNoTrouble) {
  Matrix x = normal_matrix(40, 15, 4);
  for (Eigen::Index i = 1; i < 40; i += 2) x.row(i) = x.row(i - 1);
  x.col(3).setConstant(0.1);
  x.col(9) = x.col(8);
  const Matrix query = normal_matrix(6, 15, 5);
  const auto fast = fit_pca(x, all_rows(40), 15, ColumnScaling::unit_variance);
  const auto plain = fit_pca_by_svd(x, all_rows(40), 15, ColumnScaling::unit_variance);
  ASSERT_TRUE(fast && plain);
  EXPECT_EQ(fast->rank, 13);
  EXPECT_EQ(plain->rank, 13);
  expect_same_scores(scores_of(*fast, x), scores_of(*fast, query), scores_of(*plain, x), scores_of(*plain, query),
                     kGramTolerance);
  EXPECT_EQ(scores_of(*fast, query).rightCols(2), Matrix::Zero(6, 2));
}

// Components a million times smaller than the largest: the Gram matrix holds four digits of them, so the SVD must
// answer.
TEST(Pca, IllConditionedFeaturesGoThroughTheSvd) {
  for (const auto& [rows, cols] : {std::pair<int, int>{50, 10}, {10, 50}}) {
    const Matrix left = normal_matrix(rows, 4, 6), right = normal_matrix(4, cols, 7);
    const Vector sizes{{1e3, 1.0, 1e-3, 1e-3}};
    const Matrix x = left * sizes.asDiagonal() * right;
    const auto pca = fit_pca(x, all_rows(rows), 4, ColumnScaling::none);
    const auto plain = fit_pca_by_svd(x, all_rows(rows), 4, ColumnScaling::none);
    ASSERT_TRUE(pca && plain);
    EXPECT_TRUE(pca->by_svd);
    EXPECT_EQ(pca->axes, plain->axes);
    EXPECT_EQ(pca->rank, 4);
    const auto coarse = fit_pca(x, all_rows(rows), 1, ColumnScaling::none);
    EXPECT_FALSE(coarse->by_svd);  // the small ones are not wanted
  }
}

TEST(Pca, ConstantFeaturesHaveNoComponents) {
  const Matrix x = Matrix::Constant(8, 3, 0.7);
  for (const ColumnScaling scaling : {ColumnScaling::none, ColumnScaling::unit_variance}) {
    for (const auto& pca : {fit_pca(x, all_rows(8), 2, scaling), fit_pca_by_svd(x, all_rows(8), 2, scaling)}) {
      ASSERT_TRUE(pca);
      EXPECT_EQ(pca->rank, 0);
      EXPECT_EQ(scores_of(*pca, normal_matrix(4, 3, 8)), Matrix::Zero(4, 2));
    }
  }
}

TEST(Pca, SignsAreFixedByTheLargestEntry) {
  const Matrix x = normal_matrix(30, 12, 9);
  const auto pca = fit_pca(x, all_rows(30), 12, ColumnScaling::unit_variance);
  const auto mirrored = fit_pca(-x, all_rows(30), 12, ColumnScaling::unit_variance);
  ASSERT_TRUE(pca && mirrored);
  for (Eigen::Index j = 0; j < 12; ++j) {
    Eigen::Index largest;
    pca->axes.row(j).cwiseAbs().maxCoeff(&largest);
    EXPECT_GT(pca->axes(j, largest), 0);
  }
  EXPECT_LT((pca->axes - mirrored->axes).cwiseAbs().maxCoeff(), kGramTolerance);
}

TEST(Pca, UsesTheNamedRowsAlone) {
  Matrix x = normal_matrix(30, 6, 10);
  const RowIndex rows = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29};
  const auto of_rows = fit_pca(x, rows, 4, ColumnScaling::unit_variance);
  const Matrix gathered = gather_rows(x, rows);
  const auto of_copy = fit_pca(gathered, all_rows(10), 4, ColumnScaling::unit_variance);
  ASSERT_TRUE(of_rows && of_copy);
  EXPECT_EQ(of_rows->axes, of_copy->axes);
  EXPECT_EQ(pca_scores(*of_rows, x, rows), scores_of(*of_copy, gathered));
}

TEST(Pca, ValueThatIsNotFiniteIsOneClearError) {
  Matrix x = normal_matrix(9, 4, 11);
  x(3, 2) = std::nan("");
  const auto pca = fit_pca(x, all_rows(9), 2, ColumnScaling::unit_variance);
  ASSERT_FALSE(pca);
  EXPECT_EQ(pca.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(pca.error().where, "feature column 3");
}

}  // namespace pca_test
}  // namespace headroom
