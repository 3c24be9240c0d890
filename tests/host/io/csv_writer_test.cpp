#include "io/csv_writer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "io/delimited.hpp"

namespace headroom {
namespace {

std::string field(std::string_view text, CsvTexts texts = CsvTexts::guarded) {
  return CsvWriter(texts).text(text).str();
}

TEST(CsvWriter, QuotesWhatMustBeAndLeavesTheRest) {
  EXPECT_EQ(field("plain text"), "plain text");
  EXPECT_EQ(field("a,b"), "\"a,b\"");
  EXPECT_EQ(field("say \"no\""), "\"say \"\"no\"\"\"");
  EXPECT_EQ(field("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(field(""), "");
  EXPECT_EQ(field("a=b+c-d@e"), "a=b+c-d@e");
  EXPECT_EQ(field("it's"), "it's");
  EXPECT_EQ(field("'quoted'"), "'quoted'");
}

TEST(CsvWriter, LetsNoSpreadsheetRunAText) {
  for (const char* formula :
       {"=1+1",     "+1",       "-2+3",     "@SUM(A1)", "\t=1",      "\tplain", " =1",     "  \t +1",
        "\u00a0=1", "\u200b=1", "\ufeff@x", "\u3000-1", "\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20x",
        "'=1",      "''@x",     "' =1",     "\r=1",     "\rplain",   "\nplain"}) {
    const std::string text = field(formula);
    const std::string content = text.front() == '"' ? text.substr(1) : text;
    EXPECT_EQ(content.front(), '\'') << text;
    EXPECT_EQ(content.substr(0, 1 + std::string_view(formula).size()), "'" + std::string(formula));
    EXPECT_TRUE(is_like_formula(formula)) << formula;
  }
  EXPECT_EQ(field("=HYPERLINK(\"http://x\",\"y\")"), "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\"");
}

TEST(CsvWriter, KeepsTextsExactlyWhereATableIsReadBack) {
  EXPECT_EQ(field("=1+1", CsvTexts::exact), "=1+1");
  EXPECT_EQ(field("-2,3", CsvTexts::exact), "\"-2,3\"");
}

TEST(CsvWriter, LeavesNumbersAsNumbers) {
  CsvWriter csv;
  csv.number(-0.5).number(std::int64_t{-3}).number(1.0 / 3).number(std::numeric_limits<double>::quiet_NaN());
  csv.nothing().number(HUGE_VAL).number(std::int64_t{0}).end_row();
  EXPECT_EQ(csv.str(), "-0.5,-3,0.3333333333333333,,,,0\n");
}

TEST(CsvWriter, TakesFieldsOfAnotherWriter) {
  CsvWriter head;
  head.text("=a").text("b,c");
  CsvWriter csv;
  csv.fields(head.str()).text("d").end_row();
  csv.text("e").end_row();
  EXPECT_EQ(csv.str(), "'=a,\"b,c\",d\ne\n");
}

TEST(CsvWriter, WhatWasGuardedReadsBackAsItWas) {
  const std::vector<std::string> texts = {"=1+1", "'=1", "''=1",  "-x", " @y", "\tz,\"",
                                          "it's", "'a'", "plain", "'",  "-1"};
  CsvWriter csv;
  for (const std::string& text : texts) csv.text(text);
  csv.end_row();
  auto reader = DelimitedReader::from_text(csv.str(), "test", ',');
  ASSERT_TRUE(reader);
  ASSERT_TRUE(reader->next());
  ASSERT_EQ(reader->cells().size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(unguarded(reader->cells()[i]), texts[i]);
}

}  // namespace
}  // namespace headroom
