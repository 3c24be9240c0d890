// What a run may be asked to fuse, and what is refused before any work.
#include "plan/fusion.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headroom {
namespace fusion_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class FusionOptions : public ::testing::Test {
 protected:
  FusionOptions() {
    options_.embeddings = {{"a", "a.csv", {}}, {"b", "b.csv", {}}, {"c", "c.csv", {}}};
    options_.predictors = {{"knn", {}}};
    options_.fusions = {{"all", {}}, {"ca", {"c", "a"}}};
    options_.fusion_predictors = {{"stack", {}}, {"concat:knn", {}}};
    options_.fusion_predictors_are_named = true;
  }

  std::string refusal() const {
    const auto valid = validate(options_);
    return valid ? "" : valid.error().line();
  }

  RunOptions options_;
};

TEST_F(FusionOptions, KeepsTheOrderOfItsBlocks) {
  EXPECT_EQ(refusal(), "");
  EXPECT_THAT(blocks_of(options_.fusions[0], options_), ElementsAre(0u, 1u, 2u));
  EXPECT_THAT(blocks_of(options_.fusions[1], options_), ElementsAre(2u, 0u));
}

TEST_F(FusionOptions, NamesEmbeddingsThatThereAre) {
  options_.fusions[1].embeddings = {"a", "z"};
  EXPECT_THAT(refusal(), HasSubstr("there is no embedding 'z' (--fusion ca): those of --embedding are a, b, c"));
  options_.fusions[1].embeddings = {"a", "a"};
  EXPECT_THAT(refusal(), HasSubstr("the embedding 'a' twice"));
  options_.fusions[1].embeddings = {"a"};
  EXPECT_THAT(refusal(), HasSubstr("it has one block only (--fusion ca)"));
  options_.fusions.pop_back();
  options_.embeddings.resize(1);
  EXPECT_THAT(refusal(), HasSubstr("it has one block only (--fusion all)"));
}

TEST_F(FusionOptions, HasANameOfItsOwn) {
  options_.fusions[1].name = "all";
  EXPECT_THAT(refusal(), HasSubstr("the name 'all' is taken"));
  options_.fusions[1].name = "b";
  EXPECT_THAT(refusal(), HasSubstr("the name 'b' is taken"));
  options_.fusions[1].name = "train_mean";
  EXPECT_THAT(refusal(), HasSubstr("taken"));
  options_.fusions[1].name = "c+a";
  EXPECT_THAT(refusal(), HasSubstr("holds a '+'"));
  options_.fusions[1].name = "all-b";
  EXPECT_EQ(refusal(), "");
  options_.ablate = true;
  EXPECT_THAT(refusal(), HasSubstr("the name 'all-b' is taken, which --ablate gives"));
}

TEST_F(FusionOptions, ItsPredictorsTakeSeveralBlocksAndHaveNamesOfTheirOwn) {
  options_.fusion_predictors.push_back({"lasso", {}});
  EXPECT_THAT(refusal(), HasSubstr("the predictor 'lasso' does not take several blocks"));
  options_.fusion_predictors.back() = {"stack", "stack.so"};
  EXPECT_THAT(refusal(), HasSubstr("the name 'stack' is taken"));
  options_.fusion_predictors.back() = {"knn", "mine/knn.so"};
  EXPECT_THAT(refusal(), HasSubstr("the name 'knn' is taken"));
}

TEST_F(FusionOptions, FlagsOfFusionsNeedOne) {
  options_.fusions.clear();
  EXPECT_THAT(refusal(), HasSubstr("there is no fusion for it (--fusion-predictor)"));
  options_.fusion_predictors_are_named = false;
  EXPECT_EQ(refusal(), "");
  options_.ablate = true;
  EXPECT_THAT(refusal(), HasSubstr("there is no fusion to leave blocks out of (--ablate)"));
}

TEST_F(FusionOptions, NoSubmissionIsCalledLikeAFusion) {
  EXPECT_TRUE(taken_names(options_).contains("ca"));
  EXPECT_TRUE(taken_names(options_).contains("stack"));
}

}  // namespace fusion_test
}  // namespace headroom
