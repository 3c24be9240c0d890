#include "bounds/idealized.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <tuple>

#include "host/protocol/reference_data.hpp"
#include "host/protocol/score_comparator.hpp"
#include "numerics/blas.hpp"

namespace headroom {
namespace {

TEST(Idealized, EqualsScikitLearn) {
  const auto reference = read_json(HEADROOM_SOURCE_DIR "/tests/reference/protocol/bounds.json");
  const auto embedding = idealized_embedding(matrix_of(reference.at("deltas")), 4);
  ASSERT_TRUE(embedding) << embedding.error().line();
  const Matrix none(0, 4);
  expect_same_scores(*embedding, none, matrix_of(reference.at("perturbation_scores")), none, 1e-11);
}

// All components keep all that the deltas hold beyond their mean.
TEST(Idealized, KeepsDistancesWhereNothingIsCut) {
  const Matrix deltas = normal_matrix(9, 40, 1);
  const auto embedding = idealized_embedding(deltas, 100);
  ASSERT_TRUE(embedding);
  EXPECT_EQ(embedding->cols(), 9);
  for (Eigen::Index i = 1; i < 9; ++i) {
    EXPECT_NEAR((embedding->row(i) - embedding->row(0)).norm(), (deltas.row(i) - deltas.row(0)).norm(), 1e-12);
  }
}

// With the products of the deltas, which skip the data, the scores are the same up to signs; also where there are too
// few genes for it, and where the mean outweighs what differs so far that products lose their digits.
TEST(Idealized, IsTheSameFromProducts) {
  for (const auto& [rows, genes, offset] : {std::tuple{30, 200, 0.0}, {30, 200, 0.5}, {30, 200, 1e4}, {40, 12, 0.0}}) {
    const Matrix deltas = (normal_matrix(rows, genes, 3).array() + offset).matrix();
    const Matrix products = inner_products_of_rows(deltas);
    const auto plain = idealized_embedding(deltas, 8), from_products = idealized_embedding(deltas, 8, &products);
    ASSERT_TRUE(plain && from_products);
    const Matrix none(0, 8);
    expect_same_scores(*from_products, none, *plain, none, 1e-9);
  }
}

TEST(Idealized, DeltaThatIsNotFiniteIsAnError) {
  Matrix deltas = normal_matrix(4, 3, 2);
  deltas(1, 2) = std::numeric_limits<double>::quiet_NaN();
  EXPECT_FALSE(idealized_embedding(deltas, 2));
  const Matrix products = inner_products_of_rows(deltas);
  EXPECT_FALSE(idealized_embedding(deltas, 2, &products));
}

}  // namespace
}  // namespace headroom
