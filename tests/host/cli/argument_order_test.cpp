#include "cli/argument_order.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace headroom::cli {
namespace {

std::string in_order(const std::string& line, bool takes_several = false) {
  std::istringstream words(line);
  std::vector<std::string> arguments;
  for (std::string word; words >> word;) arguments.push_back(word);
  const auto values_of = [](const std::string& flag) {
    if (flag == "--context" || flag == "--fold") return FlagValues::several;
    return flag == "--quiet" ? FlagValues::none : FlagValues::one;
  };
  const auto is_there = [](const std::string& text) { return text == "task" || text == "other"; };
  std::string out;
  for (const std::string& word : with_positional_first(arguments, values_of, is_there, takes_several)) {
    out += (out.empty() ? "" : " ") + word;
  }
  return out;
}

TEST(ArgumentOrder, TheLastOfSeveralValuesIsThePositionalThatIsMissing) {
  EXPECT_EQ(in_order("--context A task -o out"), "task --context A -o out");
  EXPECT_EQ(in_order("--context A B task --quiet -o out"), "task --context A B --quiet -o out");
  EXPECT_EQ(in_order("--context=A task -oout --fold 0 1"), "task --context=A -oout --fold 0 1");
  EXPECT_EQ(in_order("-o out --fold 0 1 --context A task"), "task -o out --fold 0 1 --context A");
}

TEST(ArgumentOrder, SeveralPositionalsAreTheLastOfThoseThatMayBe) {
  EXPECT_EQ(in_order("--context A task other -o out", true), "task other --context A -o out");
  EXPECT_EQ(in_order("--context A B task -o out", true), "task --context A B -o out");
  EXPECT_EQ(in_order("--context task other -o out", true), "other --context task -o out") << "one is the flag's";
  EXPECT_EQ(in_order("task --context other other -o out", true), "task --context other other -o out");
}

TEST(ArgumentOrder, WhatStandsByItselfStays) {
  for (const char* line :
       {"task --context A other -o out", "--context A --quiet task -o out", "--metric L2 task --context A other",
        "--context A -o out -- task", "--context A B -o out", "--context task -o out", "--metric task -o out", ""}) {
    EXPECT_EQ(in_order(line), line);
  }
}

}  // namespace
}  // namespace headroom::cli
