#include "plan/method_names.hpp"

#include <gtest/gtest.h>

#include "plan/run_options.hpp"

namespace headroom {
namespace method_names_test {

RunOptions with_embedding(const std::string& name) {
  RunOptions options;
  options.predictors = {{"knn", {}}};
  options.embeddings = {{"good", "good.h5ad"}, {name, "x.h5ad"}};
  return options;
}

TEST(MethodNames, AreNeitherBlankNorJoined) {
  for (const char* name : {"", " ", "\t", "\u00a0", "\u200b", "\u2003 \u3000"})
    EXPECT_NE(fault_of_name(name), "") << name;
  EXPECT_NE(fault_of_name("a+b"), "");
  EXPECT_EQ(fault_of_name("my model 2"), "");
  EXPECT_EQ(seen_name(" my\u200b model\u00a0"), "mymodel");
}

TEST(MethodNames, OfARunCanBeToldApart) {
  EXPECT_TRUE(validate(with_embedding("other")));
  for (const char* name :
       {"good", "good ", " good", "go od", "good\u200b", "", "  ", "a+b", "train_mean", "train_mean ", "no_change",
        "random", "gene_pca", "idealized", "sampling_error_q90", "split_half"}) {
    EXPECT_FALSE(validate(with_embedding(name))) << name;
    RunOptions predictor = with_embedding("other");
    predictor.predictors.push_back({"good", "good.so"});
    predictor.predictors.push_back({name, "x.so"});
    EXPECT_FALSE(validate(predictor)) << name;
    RunOptions predictions = with_embedding("other");
    predictions.predictions = {{name, "x.h5ad"}};
    EXPECT_FALSE(validate(predictions)) << name;
  }
}

TEST(MethodNames, OfPredictionsAreNoMethods) {
  RunOptions options = with_embedding("other");
  for (const char* name : {"good+knn", "good +knn", "random+knn", "knn"}) {
    options.predictions = {{name, "x.h5ad"}};
    EXPECT_FALSE(validate(options)) << name;
  }
  options.predictions = {{"mine", "x.h5ad"}};
  EXPECT_TRUE(validate(options));
}

}  // namespace method_names_test
}  // namespace headroom
