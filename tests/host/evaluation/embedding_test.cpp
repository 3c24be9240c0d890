#include "evaluation/embedding.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "evaluation/load_roster.hpp"
#include "host/evaluation/made_task.hpp"
#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace embedding_test {

using ::testing::HasSubstr;

class EmbeddingTest : public ::testing::Test {
 protected:
  EmbeddingTest() {
    embedding_.vectors = Matrix::Zero(12, 5);
    embedding_.present.assign(12, 1);
    for (Eigen::Index i = 0; i < embedding_.vectors.size(); ++i) {
      embedding_.vectors.data()[i] = testing::scattered(static_cast<int>(i), 3, 1);
    }
  }

  FoldData fold(std::size_t split = 0) const { return make_fold_data(task_, splits_[split], {Metric::L2}).value(); }

  Task task_ = testing::made_task(1, 12, 6, 3);
  std::vector<Split> splits_ = splits_within(task_, {}).value();
  RunOptions options_ = testing::made_options();
  ThreadPool pool_{2};
  Embedding embedding_;
};

TEST_F(EmbeddingTest, LeavesRowsWithoutAVectorOutOfTrainingAndTest) {
  embedding_.present[0] = embedding_.present[1] = 0;  // 0 is tested in the first split, 1 trained on
  const FoldData data = fold();
  EXPECT_EQ(covered_tests(embedding_, data), (RowIndex{1, 2, 3}));
  const auto features = make_head_features(embedding_, data, options_, pool_);
  ASSERT_TRUE(features.has_value()) << features.error().line();
  EXPECT_EQ(features->training_rows, (RowIndex{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(features->blocks[0].splits.final_fit.training.rows(), 7);
  EXPECT_EQ(features->blocks[0].splits.final_fit.query.rows(), 3);
  EXPECT_EQ(features->inner_queries.size(), 3u);
  EXPECT_EQ(features->effective_dim, std::optional<int>(3));
}

TEST_F(EmbeddingTest, GivesRawVectorsAsTheyAre) {
  embedding_.raw = true;
  const auto features = make_head_features(embedding_, fold(), options_, pool_);
  ASSERT_TRUE(features.has_value()) << features.error().line();
  EXPECT_FALSE(features->effective_dim.has_value());
  EXPECT_EQ(Matrix(features->blocks[0].splits.final_fit.query), gather_rows(embedding_.vectors, {0, 3, 6, 9}));
}

TEST_F(EmbeddingTest, CapsTheDimensionAtTheSmallestTrainingPart) {
  options_.common_dim = 100;
  const auto features = make_head_features(embedding_, fold(), options_, pool_);
  ASSERT_TRUE(features.has_value()) << features.error().line();
  EXPECT_EQ(features->effective_dim, std::optional<int>(5));
}

TEST_F(EmbeddingTest, OfTooFewTrainingRowsCannotBeEvaluated) {
  embedding_.present.assign(12, 0);
  const auto of_nobody = make_head_features(embedding_, fold(), options_, pool_);
  ASSERT_FALSE(of_nobody.has_value());
  EXPECT_THAT(of_nobody.error().line(), HasSubstr("0 of the 8 training perturbations"));
  EXPECT_THAT(of_nobody.error().line(), HasSubstr("check that its ids"));
  embedding_.present[1] = embedding_.present[2] = 1;
  const auto of_two = make_head_features(embedding_, fold(), options_, pool_);
  ASSERT_FALSE(of_two.has_value());
  EXPECT_THAT(of_two.error().line(), HasSubstr("2 of the 8 training perturbations"));
}

TEST_F(EmbeddingTest, OfAFileComesBackInTheTasksOrder) {
  testing::TemporaryFolder folder;
  std::string text = "pert_id,x,y\nunknown,9,9\n";
  for (int p = 11; p > 0; --p) text += fmt::format("p{},{},{}\n", 100 + p, p, 10 * p);
  options_.embeddings = {{"file", folder.write("file.csv", text), {}}};
  const auto roster = load_roster(lfc_target(), options_, pool_);
  ASSERT_TRUE(roster.has_value()) << roster.error().line();
  for (const std::uint32_t seed : {0u, 5u}) {
    const auto embedding = ask_for_embedding(roster->embeddings[0], task_, {0}, nullptr, seed, Combine::none);
    ASSERT_TRUE(embedding.has_value()) << embedding.error().message;
    EXPECT_EQ(embedding->present[0], 0);
    for (int p = 1; p < 12; ++p) {
      EXPECT_EQ(embedding->present[static_cast<std::size_t>(p)], 1);
      EXPECT_EQ(embedding->vectors(p, 0), p);
      EXPECT_EQ(embedding->vectors(p, 1), 10 * p);
    }
  }
}

}  // namespace embedding_test
}  // namespace headroom
