#include "table/vector_review.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace headroom {
namespace vector_review_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

VectorFile file_of(std::vector<std::string> ids, Matrix vectors) {
  VectorFile file;
  file.ids = std::move(ids);
  file.vectors = std::move(vectors);
  file.array = "X";
  return file;
}

std::vector<std::string> codes(const VectorFile& file, const std::set<std::string>& perturbations,
                               bool chosen = false) {
  std::vector<std::string> found;
  for (const Doubt& doubt : vector_doubts(file, perturbations, chosen, "v.h5ad")) found.push_back(doubt.code);
  return found;
}

Matrix random_vectors(Eigen::Index n) { return Matrix::Random(n, 4); }

TEST(VectorReview, VectorsMayLieElsewhere) {
  const std::set<std::string> perts{"A", "B", "C"};
  VectorFile file = file_of({"A", "B", "C"}, random_vectors(3));
  file.other_arrays = {"obsm/esm2 (3 × 1280)", "obsm/X_pca (3 × 50)"};
  EXPECT_THAT(codes(file, perts), IsEmpty());
  file.vectors = Matrix::Zero(3, 4);
  const auto doubts = vector_doubts(file, perts, false, "v.h5ad");
  ASSERT_FALSE(doubts.empty());
  EXPECT_EQ(doubts[0].code, "vectors.elsewhere");
  EXPECT_EQ(doubts[0].where, "v.h5ad, X");
  EXPECT_THAT(doubts[0].what, HasSubstr("zero everywhere"));
  EXPECT_THAT(doubts[0].examples, ElementsAre("obsm/esm2 (3 × 1280)", "obsm/X_pca (3 × 50)"));
  EXPECT_EQ(doubts[0].remedy, "choose with NAME=PATH#obsm/esm2");
  file.vectors << 1, 0, 2, 0, 7, 1, 0, 0, 0, 3, 0, 1;
  EXPECT_THAT(codes(file, perts), ElementsAre("vectors.elsewhere")) << "counts";
  EXPECT_THAT(codes(file, perts, true), IsEmpty()) << "the user chose";
  file.vectors = file.vectors.array().min(1);
  EXPECT_THAT(codes(file, perts), IsEmpty()) << "a fingerprint";
  file.vectors = Matrix::Zero(3, 4);
  file.other_arrays.clear();
  EXPECT_THAT(codes(file, perts), ElementsAre("vectors.flat"));
}

TEST(VectorReview, RowNumbersAreNoIdsWhereAnotherColumnKnowsMore) {
  VectorFile file = file_of({"0", "1", "2"}, random_vectors(3));
  file.other_ids = {{"note", {"x", "y", "z"}}, {"gene", {"A", "B", "1"}}};
  EXPECT_THAT(codes(file, {"A", "B", "1"}), ElementsAre("vectors.row_numbers"));
  EXPECT_THAT(vector_doubts(file, {"A", "B"}, false, "v")[0].remedy, HasSubstr("#gene"));
  EXPECT_THAT(codes(file, {"0", "1", "2"}), IsEmpty()) << "the numbers are the task's ids";
}

TEST(VectorReview, FlatVectorsTellNothingApart) {
  std::vector<std::string> ids;
  for (int i = 0; i < 40; ++i) ids.push_back("p" + std::to_string(i));
  Matrix vectors = random_vectors(40);
  EXPECT_THAT(codes(file_of(ids, vectors), {"p1"}), IsEmpty());
  for (Eigen::Index i = 3; i < 40; ++i) vectors.row(i) = vectors.row(i % 3);
  EXPECT_THAT(codes(file_of(ids, vectors), {"p1"}), ElementsAre("vectors.flat"));
  EXPECT_THAT(codes(file_of({"A", "B"}, Matrix::Ones(2, 3)), {"A"}), ElementsAre("vectors.flat"));
  EXPECT_THAT(codes(file_of({"A"}, Matrix::Ones(1, 3)), {"A"}), IsEmpty());
}

TEST(VectorReview, SaysWhatBothSidesAreLike) {
  const auto file = file_of({"ENSG00000000001", "ENSG00000000002", "ENSG00000000003", "ENSG00000000004"},
                            random_vectors(4));
  EXPECT_EQ(no_vector_in_common(file, {"TP53", "MYC"}, "v.csv"),
            "it has a vector for none of the task's 2 perturbations, which look like gene symbols ('MYC', 'TP53'); its "
            "own 4 ids look like Ensembl gene ids ('ENSG00000000001', 'ENSG00000000002', 'ENSG00000000003') (v.csv): "
            "translate the file's ids to the task's kind: the var table of most screens has both, and so has Ensembl "
            "BioMart");
}

}  // namespace vector_review_test
}  // namespace headroom
