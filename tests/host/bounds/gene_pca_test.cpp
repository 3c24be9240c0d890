#include "bounds/gene_pca.hpp"

#include <gtest/gtest.h>

#include <tuple>

#include "host/protocol/reference_data.hpp"
#include "host/protocol/score_comparator.hpp"
#include "numerics/blas.hpp"

namespace headroom {
namespace {

std::vector<std::string> gene_names(std::size_t n) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < n; ++i) names.push_back(std::string("G").append(std::to_string(i)));
  return names;
}

TEST(GenePca, EqualsScikitLearnInTheRowsOfPerturbedGenes) {
  const auto reference = read_json(HEADROOM_SOURCE_DIR "/tests/reference/protocol/bounds.json");
  const Matrix deltas = matrix_of(reference.at("deltas")), scores = matrix_of(reference.at("gene_scores"));
  const std::vector<std::string> perts = {"G3", "not measured", "G16", "G0"};
  const auto genes = gene_names(17);
  const auto embedding = gene_pca_embedding(deltas, genes, perts, 4);
  ASSERT_TRUE(embedding) << embedding.error();
  EXPECT_EQ(embedding->present, (std::vector<std::uint8_t>{1, 0, 1, 1}));
  EXPECT_EQ(embedding->vectors.row(1), RowVector::Zero(4));
  Matrix expected(3, 4);
  expected << scores.row(3), scores.row(16), scores.row(0);
  const Matrix none(0, 4);
  expect_same_scores(gather_rows(embedding->vectors, {0, 2, 3}), none, expected, none, 1e-11);
}

// Also where there are fewer genes than perturbations, and where profiles are nearly constant.
TEST(GenePca, IsTheSameFromProducts) {
  for (const auto& [rows, n_genes, offset] :
       {std::tuple{20, 150, 0.0}, {20, 150, 0.5}, {20, 150, 1e4}, {30, 12, 0.0}}) {
    const Matrix deltas = (normal_matrix(rows, n_genes, 4).array() + offset).matrix();
    const auto genes = gene_names(static_cast<std::size_t>(n_genes));
    const std::vector<std::string> perts = {"G3", "not measured", "G11", "G0", "G7", "G8", "G9", "G10"};
    const Matrix products = inner_products_of_rows(deltas);
    const ConstMatrixMap map(products.data(), products.rows(), products.cols(),
                             Eigen::OuterStride<>(products.outerStride()));
    const auto plain = gene_pca_embedding(deltas, genes, perts, 5);
    const auto from_products = gene_pca_embedding(deltas, genes, perts, 5, &map);
    ASSERT_TRUE(plain && from_products);
    EXPECT_EQ(from_products->present, plain->present);
    const Matrix none(0, 5);
    expect_same_scores(from_products->vectors, none, plain->vectors, none, 1e-9);
  }
}

TEST(GenePca, CapsTheComponents) {
  const auto genes = gene_names(30);
  const auto embedding = gene_pca_embedding(normal_matrix(5, 30, 1), genes, genes, 100);
  ASSERT_TRUE(embedding);
  EXPECT_EQ(embedding->vectors.cols(), 5);
  EXPECT_EQ(embedding->vectors.rows(), 30);
}

TEST(GenePca, TakesTheFirstOfRepeatedGenes) {
  std::vector<std::string> genes = gene_names(12), repeated = genes;
  repeated[7] = "G2";
  const std::vector<std::string> perts = {"G2"};
  const Matrix deltas = normal_matrix(6, 12, 2);
  EXPECT_EQ(gene_pca_embedding(deltas, repeated, perts, 3)->vectors,
            gene_pca_embedding(deltas, genes, perts, 3)->vectors);
}

TEST(GenePca, DoesNotApplyWhereFewPerturbationsAreMeasuredGenes) {
  const Matrix deltas = normal_matrix(6, 12, 3);
  const auto genes = gene_names(12);
  std::vector<std::string> perts(20, "compound");
  perts[0] = "G1";
  const auto skipped = gene_pca_embedding(deltas, genes, perts, 3);
  ASSERT_FALSE(skipped);
  EXPECT_EQ(skipped.error(), "1 of 20 perturbations are measured genes; gene PCA needs at least 10 %");
  perts[1] = "G2";  // 10 %: not fewer
  EXPECT_TRUE(gene_pca_embedding(deltas, genes, perts, 3));
  EXPECT_FALSE(gene_pca_embedding(deltas, genes, {}, 3));
}

}  // namespace
}  // namespace headroom
