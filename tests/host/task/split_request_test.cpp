#include "task/split_request.hpp"

#include <gtest/gtest.h>

namespace headroom {
namespace split_request_test {

TEST(SplitRequest, ComesBackFromItsText) {
  SplitRequest request;
  request.family = "transfer-few";
  request.few_percent = 7.5;
  request.test_doubles = 33;
  request.n_folds = 4;
  request.seed = 4000000000u;
  request.joint = true;
  const auto read = split_of_text(split_text(request));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->family, request.family);
  EXPECT_EQ(read->few_percent, request.few_percent);
  EXPECT_EQ(read->test_doubles, request.test_doubles);
  EXPECT_EQ(read->n_folds, request.n_folds);
  EXPECT_EQ(read->seed, request.seed);
  EXPECT_TRUE(read->joint);
  EXPECT_EQ(split_of_text("transfer")->n_folds, SplitRequest().n_folds);
  for (const char* text : {"", "both folds=x", "both seed=-1", "both seed=1e20", "both folds"}) {
    EXPECT_FALSE(split_of_text(text)) << text;
  }
}

}  // namespace split_request_test
}  // namespace headroom
