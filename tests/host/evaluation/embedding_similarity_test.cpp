#include "evaluation/embedding_similarity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/evaluation/made_task.hpp"

namespace headroom {
namespace embedding_similarity_test {

using ::testing::ElementsAre;

constexpr int kPerturbations = 60;

Embedding made(int seed, Eigen::Index width) {
  Embedding embedding;
  embedding.vectors.resize(kPerturbations, width);
  for (Eigen::Index i = 0; i < embedding.vectors.size(); ++i) {
    embedding.vectors.data()[i] = testing::scattered(static_cast<int>(i), seed, 2);
  }
  embedding.present.assign(kPerturbations, 1);
  return embedding;
}

TEST(EmbeddingSimilarity, FindsLinearImagesAndPutsThemSideBySide) {
  const Embedding a = made(1, 4), other = made(9, 6);
  Embedding image = a;
  image.vectors = Matrix(a.vectors * made(5, 4).vectors.topRows(4)).rowwise() + RowVector::Constant(4, 100);
  ThreadPool pool(2);
  const auto similarity =
      compare_embeddings("line", {"a", "other", "image"},
                         {*leading_components(a), *leading_components(other), *leading_components(image)}, pool);
  EXPECT_EQ(similarity.context(), "line");
  EXPECT_THAT(similarity.embeddings(), ElementsAre("a", "image", "other"));
  ASSERT_EQ(similarity.pairs_size(), 3);
  EXPECT_EQ(similarity.pairs(0).second(), "image");
  EXPECT_NEAR(similarity.pairs(0).mean_canonical_correlation(), 1, 1e-9);
  EXPECT_LT(similarity.pairs(1).mean_canonical_correlation(), 0.7);
  EXPECT_EQ(similarity.pairs(1).n_shared(), kPerturbations);
}

TEST(EmbeddingSimilarity, ComparesOnWhatBothKnow) {
  Embedding a = made(1, 3), b = a, c = a;
  // Where one of them knows nothing, whatever lies there does not count.
  for (int row = 0; row < 20; ++row) {
    a.present[static_cast<std::size_t>(row)] = 0;
    a.vectors.row(row).setConstant(1e6);
  }
  for (int row = 20; row < kPerturbations; ++row) c.present[static_cast<std::size_t>(row)] = 0;
  ThreadPool pool(2);
  const auto similarity = compare_embeddings(
      "line", {"a", "b", "c"}, {*leading_components(a), *leading_components(b), *leading_components(c)}, pool);
  for (const SimilarPair& pair : similarity.pairs()) {
    const bool apart = pair.first() + pair.second() == "ac" || pair.first() + pair.second() == "ca";
    EXPECT_EQ(pair.n_shared(), apart ? 0 : pair.first() + pair.second() == "ab" ? 40 : 20) << pair.DebugString();
    EXPECT_EQ(pair.has_mean_canonical_correlation(), !apart) << pair.DebugString();
    if (!apart) EXPECT_NEAR(pair.mean_canonical_correlation(), 1, 1e-9) << pair.DebugString();
  }
}

TEST(EmbeddingSimilarity, LeavesOutWhatSaysNothing) {
  Embedding flat = made(1, 3);
  flat.vectors.setConstant(2);
  EXPECT_FALSE(leading_components(flat).has_value());
  Embedding nobody = made(1, 3);
  nobody.present.assign(kPerturbations, 0);
  EXPECT_FALSE(leading_components(nobody).has_value());
  EXPECT_EQ(leading_components(made(1, 30))->scores.cols(), kComparedComponents);
}

}  // namespace embedding_similarity_test
}  // namespace headroom
