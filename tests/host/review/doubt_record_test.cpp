#include "review/doubt_record.hpp"

#include <gtest/gtest.h>

namespace headroom {
namespace {

TEST(DoubtRecord, ReadsWhatItWrote) {
  const std::vector<Doubt> doubts = {{"labels.like_control",
                                      "cells.h5ad, column 'gene'",
                                      "two \"labels\"",
                                      2,
                                      {"'NT' (3 rows)", "é"},
                                      "give --control",
                                      true},
                                     {"values.odd_counts", "cells.h5ad", "the largest count is 1", 0, {}, "", false}};
  const auto read = read_doubts(doubts_json(doubts), "task.h5ad");
  ASSERT_TRUE(read) << read.error().line();
  ASSERT_EQ(read->size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ((*read)[i].code, doubts[i].code);
    EXPECT_EQ((*read)[i].where, doubts[i].where);
    EXPECT_EQ((*read)[i].what, doubts[i].what);
    EXPECT_EQ((*read)[i].n, doubts[i].n);
    EXPECT_EQ((*read)[i].examples, doubts[i].examples);
    EXPECT_EQ((*read)[i].remedy, doubts[i].remedy);
    EXPECT_EQ((*read)[i].accepted, doubts[i].accepted);
  }
  EXPECT_EQ(doubts_json({}), "[]");
}

TEST(DoubtRecord, RefusesOtherText) {
  for (const char* text : {"", "{}", "[1]", "[{\"code\":3}]", "[", "null"})
    EXPECT_FALSE(read_doubts(text, "t")) << text;
  const auto later = read_doubts(R"([{"code":"labels.of_the_future"}])", "t");
  ASSERT_TRUE(later);
  EXPECT_TRUE(later->empty());
}

TEST(DoubtRecord, KeepsLabelsThatAreNoText) {
  EXPECT_TRUE(read_doubts(doubts_json(std::vector<Doubt>{{"labels.like_control", "\xff", "w", 1, {}, ""}}), "t"));
}

}  // namespace
}  // namespace headroom
