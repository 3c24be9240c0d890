#include "protocol/reduced_features.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "host/protocol/reference_data.hpp"
#include "host/protocol/score_comparator.hpp"
#include "numerics/pca.hpp"
#include "protocol/kfold.hpp"

namespace headroom {
namespace {

constexpr double kGramTolerance = 1e-9;  // as in pca_test.cpp

struct Case {
  const char* what;
  Matrix training;
  Eigen::Index common_dim;
};

std::vector<Case> cases() {
  std::vector<Case> all = {
      {"more rows than columns", normal_matrix(60, 20, 1), 10},
      {"fewer rows than columns", normal_matrix(40, 150, 2), 16},
      {"fewer columns than common_dim", normal_matrix(50, 8, 3), 100},
      {"fewer rows than common_dim", normal_matrix(23, 70, 4), 100},
      {"one column", normal_matrix(30, 1, 5), 5},
      {"as many rows as splits", normal_matrix(5, 7, 6), 5},
      {"a far-off mean", normal_matrix(60, 20, 7).array() + 1e3, 10},
      {"rank 6", normal_matrix(60, 6, 8) * normal_matrix(6, 25, 9), 12},
      {"rank 6, fewer rows than columns", normal_matrix(30, 6, 10) * normal_matrix(6, 200, 11), 12},
      {"columns of very different size", normal_matrix(60, 20, 12), 20},
      {"duplicate rows and constant columns", normal_matrix(60, 20, 13), 20},
      {"a column that varies in one row only", normal_matrix(60, 9, 14), 9},
  };
  for (Eigen::Index j = 0; j < 20; ++j) all[9].training.col(j) *= std::pow(10.0, static_cast<double>(j) - 10);
  Matrix& duplicates = all[10].training;
  for (Eigen::Index i = 30; i < 60; ++i) duplicates.row(i) = duplicates.row(i - 30);
  duplicates.col(4).setConstant(0.3);
  duplicates.col(5).setZero();
  // Constant in the training part of the split that holds row 0 out, and enormous there.
  all[11].training.col(2).setConstant(1.0 / 3);
  all[11].training(0, 2) = 1e5;
  return all;
}

// Standardise, project, nothing shared: what protocol section 3.2 says, by the singular value decomposition.
ReducedSplit plain_split(const Matrix& rows, const RowIndex& training, const Matrix& query, Eigen::Index dim) {
  const auto pca = fit_pca_by_svd(rows, training, dim, ColumnScaling::unit_variance);
  EXPECT_TRUE(pca);
  return {pca_scores(*pca, rows, training), pca_scores(*pca, query, all_rows(query.rows()))};
}

TEST(ReducedFeatures, EqualThePlainPathOverManyShapes) {
  ThreadPool pool(2);
  for (const Case& c : cases()) {
    SCOPED_TRACE(c.what);
    const auto n = static_cast<std::size_t>(c.training.rows());
    const Matrix test = normal_matrix(4, c.training.cols(), 20) + c.training.topRows(4);
    const auto held_out = kfold_test_rows(n, 5, 42);
    const auto reduced = reduce_features(c.training, test, held_out, c.common_dim, pool);
    ASSERT_TRUE(reduced) << reduced.error().line();
    const Eigen::Index smallest = c.training.rows() - static_cast<Eigen::Index>(held_out[0].size());
    const Eigen::Index dim = std::min({c.common_dim, c.training.cols(), smallest});
    EXPECT_EQ(reduced->effective_dim, dim);
    ASSERT_EQ(reduced->inner.size(), 5u);
    for (std::size_t split = 0; split <= 5; ++split) {
      SCOPED_TRACE(split == 5 ? std::string("final fit") : "inner split " + std::to_string(split));
      const ReducedSplit& actual = split == 5 ? reduced->final_fit : reduced->inner[split];
      const RowIndex training = split == 5 ? all_rows(c.training.rows()) : complement_rows(n, held_out[split]);
      const Matrix query = split == 5 ? test : gather_rows(c.training, held_out[split]);
      const ReducedSplit expected = plain_split(c.training, training, query, dim);
      expect_same_scores(actual.training, actual.query, expected.training, expected.query, kGramTolerance);
    }
  }
}

TEST(ReducedFeatures, AreTheSameBitsOnAnyNumberOfThreads) {
  const Matrix training = normal_matrix(90, 40, 21), test = normal_matrix(10, 40, 22);
  const auto held_out = kfold_test_rows(90, 5, 42);
  ThreadPool one(1), three(3);
  const auto a = reduce_features(training, test, held_out, 16, one);
  const auto b = reduce_features(training, test, held_out, 16, three);
  ASSERT_TRUE(a && b);
  for (std::size_t split = 0; split < 5; ++split) {
    EXPECT_EQ(a->inner[split].training, b->inner[split].training);
    EXPECT_EQ(a->inner[split].query, b->inner[split].query);
  }
  EXPECT_EQ(a->final_fit.training, b->final_fit.training);
  EXPECT_EQ(a->final_fit.query, b->final_fit.query);
}

TEST(ReducedFeatures, ConstantEmbeddingBecomesZeros) {
  ThreadPool pool(1);
  const auto reduced =
      reduce_features(Matrix::Constant(20, 3, 0.1), Matrix::Constant(2, 3, 0.1), kfold_test_rows(20, 5, 42), 2, pool);
  ASSERT_TRUE(reduced);
  EXPECT_EQ(reduced->final_fit.training, Matrix::Zero(20, 2));
  EXPECT_EQ(reduced->inner[0].query, Matrix::Zero(4, 2));
}

TEST(ReducedFeatures, NoTestRowsAreNoTrouble) {
  ThreadPool pool(1);
  const auto reduced = reduce_features(normal_matrix(20, 6, 23), Matrix(0, 6), kfold_test_rows(20, 5, 42), 4, pool);
  ASSERT_TRUE(reduced);
  EXPECT_EQ(reduced->final_fit.query.rows(), 0);
  EXPECT_EQ(reduced->final_fit.query.cols(), 4);
}

TEST(ReducedFeatures, BadInputIsOneClearError) {
  ThreadPool pool(1);
  const Matrix good = normal_matrix(20, 6, 24), test = normal_matrix(3, 6, 25);
  const auto held_out = kfold_test_rows(20, 5, 42);

  Matrix broken = good;
  broken(7, 2) = std::numeric_limits<double>::infinity();
  const auto not_finite = reduce_features(broken, test, held_out, 4, pool);
  ASSERT_FALSE(not_finite);
  EXPECT_EQ(not_finite.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(not_finite.error().where, "training row 8, column 3");

  Matrix broken_test = test;
  broken_test(0, 5) = std::nan("");
  EXPECT_EQ(reduce_features(good, broken_test, held_out, 4, pool).error().where, "test row 1, column 6");

  const auto few = reduce_features(good.topRows(3), test, kfold_test_rows(3, 5, 42), 4, pool);
  ASSERT_FALSE(few);
  EXPECT_EQ(few.error().kind, ErrorKind::bad_input);
  EXPECT_EQ(few.error().what, "only 3 training row(s) have an embedding");

  EXPECT_FALSE(reduce_features(Matrix(20, 0), Matrix(3, 0), held_out, 4, pool));
  EXPECT_FALSE(reduce_features(good * 1e200, test, held_out, 4, pool));
  EXPECT_FALSE(reduce_features(good, normal_matrix(3, 5, 26), held_out, 4, pool));
}

TEST(ReducedFeatures, RawFeaturesAreSplitAndLeftAsTheyAre) {
  const Matrix training = normal_matrix(11, 3, 27), test = normal_matrix(2, 3, 28);
  const auto held_out = kfold_test_rows(11, 5, 42);
  const auto split = split_features(training, test, held_out);
  ASSERT_TRUE(split);
  EXPECT_EQ(split->effective_dim, 3);
  EXPECT_EQ(split->inner[2].query, gather_rows(training, held_out[2]));
  EXPECT_EQ(split->inner[2].training, gather_rows(training, complement_rows(11, held_out[2])));
  EXPECT_EQ(split->final_fit.training, training);
  EXPECT_EQ(split->final_fit.query, test);
}

}  // namespace
}  // namespace headroom
