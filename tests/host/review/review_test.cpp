#include "review/review.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headroom {
namespace {

using testing::HasSubstr;

const Doubt kRefused{"labels.like_control", "cells.h5ad",    "a label names controls", 1,
                     {"'NT' (3 rows)"},     "give --control"};
const Doubt kNoted{"values.odd_counts", "cells.h5ad", "the largest count is 1", 1, {}, "give counts"};

TEST(Review, StopsAtRefusedDoubtsUnlessTheyAreAccepted) {
  Review review;
  review.raise(kNoted);
  EXPECT_TRUE(review.settle());
  review.raise(kRefused);
  const auto settled = review.settle();
  ASSERT_FALSE(settled);
  EXPECT_EQ(settled.error().kind, ErrorKind::bad_input);
  EXPECT_THAT(settled.error().line(), HasSubstr("labels.like_control"));
  EXPECT_THAT(settled.error().line(), HasSubstr("--accept labels.like_control"));
  EXPECT_THAT(settled.error().line(), HasSubstr("'NT' (3 rows)"));

  Review accepting({{"labels.like_control"}, false});
  accepting.raise(kRefused);
  EXPECT_TRUE(accepting.settle());
  EXPECT_TRUE(accepting.doubts()[0].accepted);
}

TEST(Review, IsStrictOnRequest) {
  Review review({{}, true});
  review.raise(kNoted);
  EXPECT_FALSE(review.settle());
  Review accepting({{"values.odd_counts"}, true});
  accepting.raise(kNoted);
  EXPECT_TRUE(accepting.settle());
}

TEST(Review, RaisesTheSameOnceAndTellsItOnce) {
  Review review;
  review.raise(kNoted);
  review.raise(kNoted);
  EXPECT_EQ(review.doubts().size(), 1u);
  EXPECT_EQ(review.next_to_tell().size(), 1u);
  EXPECT_EQ(review.next_to_tell().size(), 0u);
}

TEST(Review, CarriesWhatATaskWasPreparedFrom) {
  Doubt accepted = kRefused;
  accepted.accepted = true;
  Review review;
  review.carry({accepted}, "out/task.h5ad");
  EXPECT_TRUE(review.settle());
  EXPECT_EQ(review.next_to_tell().size(), 0u) << "prepare told it";
  Doubt of_task = kRefused;
  of_task.where = "out/task.h5ad, column 'pert_id'";
  review.raise(of_task);
  EXPECT_EQ(review.doubts().size(), 1u) << "it is the same doubt";
  Doubt of_predictions = kRefused;
  of_predictions.where = "predictions.h5ad";
  review.raise(of_predictions);
  EXPECT_FALSE(review.settle()) << "what was accepted for the task says nothing of other files";
}

TEST(Review, KnowsItsCodes) {
  EXPECT_TRUE(validate(ReviewOptions{{"labels.like_control"}, false}));
  EXPECT_FALSE(validate(ReviewOptions{{"labels.like_controls"}, false}));
}

}  // namespace
}  // namespace headroom
