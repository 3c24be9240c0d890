#include "io/file_facts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace headroom {
namespace {

void expect_same(const Fact& a, const Fact& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.is_list, b.is_list);
  EXPECT_EQ(a.values, b.values);
}

TEST(FileFacts, AFactIsALineAndBack) {
  for (const Fact& told : {fact("n_rows", std::int64_t{-3}), fact("least_value", 0.1), fact("greatest_value", 1e300),
                           fact("storage", "dense float64"), fact("whole_numbers", true), fact("has_raw", false),
                           list_fact("folds", {}), list_fact("contexts", {"a", "", "b c", "µ"})}) {
    const std::string line = fact_line(told);
    EXPECT_EQ(line.find('\n'), std::string::npos);
    const auto read = parse_fact_line(line);
    ASSERT_TRUE(read) << line;
    expect_same(*read, told);
  }
}

TEST(FileFacts, TextNeverMakesASecondFact) {
  const auto read = parse_fact_line(fact_line(fact("name", "a\nfact\tn_rows\tone\ti9\r")));
  ASSERT_TRUE(read);
  expect_same(*read, fact("name", "a fact n_rows one i9 "));
}

TEST(FileFacts, LongTextsAreCutBetweenCharactersAndLongListsAtTheirEnd) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "ä";
  const auto cut = parse_fact_line(fact_line(fact("name", text)));
  ASSERT_TRUE(cut);
  const auto& shown = std::get<std::string>(cut->values[0]);
  EXPECT_LT(shown.size(), 1210u);
  EXPECT_TRUE(shown.ends_with("ä…")) << shown;
  const std::string line = fact_line(list_fact("names", std::vector<std::string>(5000, "name")));
  EXPECT_LE(line.size(), 4000u);
  EXPECT_GT(parse_fact_line(line)->values.size(), 500u);
}

TEST(FileFacts, OtherLinesAreNoFacts) {
  for (const char* line : {"", "fact", "warning: fact\tn\tone\ti1", "fact\tn\tone", "fact\tn\tone\ti1\ti2",
                           "fact\tN\tone\ti1", "fact\tn\tmany\ti1", "fact\tn\tone\tq1", "fact\tn\tone\ti1x",
                           "fact\tn\tone\tb2", "fact\tn\tone\t", "fact\t\tone\ti1"}) {
    EXPECT_FALSE(parse_fact_line(line)) << line;
  }
}

TEST(FileFacts, OfManyNamesTheFirstAreToldAndTheOthersCounted) {
  EXPECT_EQ(first_of_fact("n", {"a", "b", "c"}, 3).values.size(), 3u);
  const Fact told = first_of_fact("n", {"a", "b", "c"}, 1);
  EXPECT_EQ(told.values, (std::vector<FactValue>{"a", "… and 2 more"}));
}

}  // namespace
}  // namespace headroom
