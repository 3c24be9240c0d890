#include "review/label_review.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace headroom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct Reviewed {
  ReadLabels read;
  Review review;
  std::vector<std::string> codes() const {
    std::vector<std::string> codes;
    for (const Doubt& doubt : review.doubts()) codes.push_back(doubt.code);
    return codes;
  }
};

Reviewed review_of(const std::vector<std::string>& labels, const LabelOptions& options = {},
                   std::vector<std::int64_t> n_rows = {}, const std::vector<std::string>& genes = {}) {
  if (n_rows.empty()) n_rows.assign(labels.size(), 1);
  Reviewed out;
  const auto is_gene = [&](std::string_view name) {
    return std::find(genes.begin(), genes.end(), name) != genes.end();
  };
  out.read = review_labels(labels, n_rows, options, is_gene, "cells.h5ad, column 'gene'", out.review);
  return out;
}

TEST(LabelReview, FlagsAnswerForWhatTheyNameAlone) {
  LabelOptions options;
  options.controls = {"NegCtrl0"};
  const Reviewed one = review_of({"NegCtrl0", "NegCtrl1", "A"}, options);
  EXPECT_THAT(one.codes(), ElementsAre("labels.like_control"));
  EXPECT_THAT(one.review.doubts()[0].remedy, HasSubstr("--control 'NegCtrl0' --control 'NegCtrl1'"));
  options.controls = {"NegCtrl*"};
  const Reviewed all = review_of({"NegCtrl0", "NegCtrl1", "A"}, options);
  EXPECT_THAT(all.codes(), IsEmpty());
  EXPECT_THAT(all.read.role, ElementsAre(LabelRole::control, LabelRole::control, LabelRole::perturbation));
}

TEST(LabelReview, DropsWhatNamesNothingUnlessItIsAGeneOrKept) {
  const Reviewed dropped = review_of({"NA", "nan", "A"}, {}, {3, 4, 5});
  EXPECT_THAT(dropped.codes(), ElementsAre("labels.like_missing"));
  EXPECT_EQ(dropped.review.doubts()[0].n, 7);
  EXPECT_THAT(dropped.read.role, ElementsAre(LabelRole::missing, LabelRole::missing, LabelRole::perturbation));
  EXPECT_THAT(review_of({"NA", "A"}, {}, {}, {"NA"}).codes(), IsEmpty());
  LabelOptions options;
  options.kept = {"None"};
  EXPECT_THAT(review_of({"None", "A"}, options).codes(), IsEmpty());
}

TEST(LabelReview, JoinsTwinsOnRequest) {
  const Reviewed doubted = review_of({"A+ctrl", "B+ctrl", "ctrl+A"});
  EXPECT_THAT(doubted.codes(), ElementsAre("labels.same_perturbation"));
  EXPECT_THAT(doubted.review.doubts()[0].examples, ElementsAre("'A+ctrl' = 'ctrl+A'"));
  EXPECT_FALSE(doubted.review.settle());
  LabelOptions options;
  options.merge = true;
  const Reviewed joined = review_of({"A+ctrl", "B+ctrl", "ctrl+A"}, options, {2, 2, 3});
  EXPECT_THAT(joined.codes(), IsEmpty());
  EXPECT_THAT(joined.read.stands_for, ElementsAre(2, 1, 2)) << "the spelling of most rows stays";
}

TEST(LabelReview, DoubtsNoHarmlessLookAlikes) {
  EXPECT_THAT(review_of({"NT5E", "NEGR1", "CTRC", "NA", "A+B", "A", "B", "B+ctrl", "A_1", "imatinib"}, {}, {},
                        {"NT5E", "NEGR1", "CTRC", "NA", "A"})
                  .codes(),
              ElementsAre("labels.same_perturbation"))
      << "B and B+ctrl are one";
  EXPECT_THAT(review_of({"NT5E", "NEGR1", "CTRC", "A+B", "A", "B", "C+ctrl"}).codes(), IsEmpty());
}

TEST(LabelReview, TellsOfNoLabelWithoutRows) {
  EXPECT_THAT(review_of({"ctrl", "A", "a"}, {}, {0, 1, 0}).codes(), IsEmpty());
}

}  // namespace
}  // namespace headroom
