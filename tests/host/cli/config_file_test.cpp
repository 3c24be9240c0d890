#include "cli/config_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headroom::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<ConfigEntry> parsed(const std::string& text) {
  auto entries = parse_config(text, "run.toml");
  EXPECT_TRUE(entries) << entries.error().line();
  return entries ? *entries : std::vector<ConfigEntry>();
}

std::string mistake(const std::string& text) {
  const auto entries = parse_config(text, "run.toml");
  EXPECT_FALSE(entries) << text;
  return entries ? "" : entries.error().line();
}

TEST(ConfigFile, ReadsSectionsKeysAndValues) {
  const auto entries = parsed(
      "# a comment\nquiet = true\n\n[run]\ntask = \"a # b\"  # behind a value\r\nembedding = [\n  'x=1.h5ad', # one\n"
      "  \"y=\\\"2\\\".csv\",\n]\ncommon-dim = 100\n\"seed\" = 7\nempty = []\n[bounds]\nlimit-time = 1.5e3\n");
  ASSERT_EQ(entries.size(), 7u);
  EXPECT_EQ(entries[0].section, "");
  EXPECT_EQ(entries[0].key, "quiet");
  EXPECT_THAT(entries[0].values, ElementsAre("true"));
  EXPECT_EQ(entries[1].section, "run");
  EXPECT_EQ(entries[1].line, 5);
  EXPECT_THAT(entries[1].values, ElementsAre("a # b"));
  EXPECT_THAT(entries[2].values, ElementsAre("x=1.h5ad", "y=\"2\".csv"));
  EXPECT_EQ(entries[3].line, 10);
  EXPECT_THAT(entries[3].values, ElementsAre("100"));
  EXPECT_EQ(entries[4].key, "seed");
  EXPECT_TRUE(entries[5].values.empty());
  EXPECT_EQ(entries[6].section, "bounds");
  EXPECT_THAT(entries[6].values, ElementsAre("1.5e3"));
}

TEST(ConfigFile, ReadsDottedKeysAndEscapes) {
  const auto entries = parsed("run.seed = 7\nrun.task = \"\\u00e9\\t\\\\\"\nrun.out = 'a\\n'");
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries[0].section, "run");
  EXPECT_THAT(entries[1].values, ElementsAre("é\t\\"));
  EXPECT_THAT(entries[2].values, ElementsAre("a\\n"));
}

TEST(ConfigFile, MistakesNameTheLine) {
  EXPECT_THAT(mistake("a = 1\nb 2\n"), HasSubstr("the key 'b' has no value (run.toml, line 2)"));
  EXPECT_THAT(mistake("a = word\n"), HasSubstr("'word' is no value for 'a' (run.toml, line 1)"));
  EXPECT_THAT(mistake("a = 1 2\n"), HasSubstr("after the end of a value"));
  EXPECT_THAT(mistake("a = \"x\nb = 1\n"), HasSubstr("without its closing quote"));
  EXPECT_THAT(mistake("a = [1, 2\n"), HasSubstr("does not end"));
  EXPECT_THAT(mistake("a = [1 2]\n"), HasSubstr("comma"));
  EXPECT_THAT(mistake("a = 1\n\na = 2\n"), HasSubstr("again (run.toml, line 3): it has a value in line 1"));
  EXPECT_THAT(mistake("[run]\n[run]\n"), HasSubstr("stands here again"));
  EXPECT_THAT(mistake("[[run]]\n"), HasSubstr("array of tables"));
  EXPECT_THAT(mistake("= 1\n"), HasSubstr("without a key"));
  EXPECT_THAT(mistake("a = \"\\q\"\n"), HasSubstr("escape"));
  EXPECT_THAT(mistake("a = \"\"\"x\"\"\"\n"), HasSubstr("several lines"));
  EXPECT_THAT(mistake("a = 2020-01-01\n"), HasSubstr("no value"));
  EXPECT_THAT(mistake("a = {b = 1}\n"), HasSubstr("no value"));
  EXPECT_THAT(mistake("a = 007\n"), HasSubstr("no value"));
}

TEST(ConfigFile, WhatIsWrittenIsReadBack) {
  const std::vector<std::string> values = {
      "plain",  "with \"quotes\" and \\", "tab\tand\nline", "é",   "", "7", "0.5", "1e-3", "true", "-4", "007", "nan",
      "[a, b]", "# no comment",           "a=b=c",          "\x01"};
  const auto list = parsed(config_line("list", values));
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].values, values);
  for (const std::string& value : values) {
    const auto one = parsed(config_line("one", {value}));
    ASSERT_EQ(one.size(), 1u);
    EXPECT_THAT(one[0].values, ElementsAre(value));
  }
  EXPECT_EQ(config_line("seed", {"7"}), "seed = 7\n");
  EXPECT_EQ(config_line("out", {"o"}), "out = \"o\"\n");
}

}  // namespace
}  // namespace headroom::cli
