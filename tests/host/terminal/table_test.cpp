#include "terminal/table.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "terminal/display_text.hpp"

namespace headroom {
namespace {

Table example() {
  return {{{"name"}, {"n"}, {"gap_closed", 1}},
          {{std::string("scGPT+knn"), std::int64_t{1320}, 57.25},
           {std::string("a,\"b\"\n"), std::int64_t{0}, std::monostate{}}}};
}

std::string written(const Table& table, TableFormat format, TerminalStyle style = {}) {
  std::ostringstream out;
  write_table(out, table, format, style);
  return out.str();
}

TEST(Table, AlignsTextForPeople) {
  EXPECT_EQ(written(example(), TableFormat::text),
            "name           n  gap_closed\n"
            "scGPT+knn  1,320        57.2\n"
            "a,\"b\"\\x0a      0           –\n");
}

TEST(Table, WritesCsvThatReadsBack) {
  EXPECT_EQ(written(example(), TableFormat::csv), "name,n,gap_closed\nscGPT+knn,1320,57.25\n\"a,\"\"b\"\"\n\",0,\n");
  EXPECT_EQ(written({{{"name"}, {"x"}}, {{std::string("=1+1"), -0.5}}}, TableFormat::csv), "name,x\n'=1+1,-0.5\n");
}

TEST(Table, WritesJsonInTheOrderOfTheColumns) {
  EXPECT_EQ(written({{{"name"}, {"x"}, {"y"}}, {{std::string("a\xff"), 0.0, std::monostate{}}}}, TableFormat::json),
            "[\n  {\n    \"name\": \"a\uFFFD\",\n    \"x\": 0.0,\n    \"y\": null\n  }\n]\n");
}

TEST(Table, WritesJsonWithoutCharactersThatAct) {
  EXPECT_EQ(written({{{"name"}}, {{std::string("a\u202eb\x7f")}}}, TableFormat::json),
            "[\n  {\n    \"name\": \"a\\u202eb\\u007f\"\n  }\n]\n");
}

TEST(Table, WritesMarkdownWithoutMarkupOfOthers) {
  EXPECT_EQ(written({{{"name"}, {"x", 1}}, {{std::string("a|b<script>"), 2.0}}}, TableFormat::markdown),
            "| name | x |\n| --- | ---: |\n| a\\|b\\<script\\> | 2.0 |\n");
}

TEST(Table, FitsTheWidthByCuttingTexts) {
  TerminalStyle style;
  style.width = 60;
  Table table{{{"name"}, {"reason"}, {"value"}},
              {{std::string(300, 'n'), std::string(80, 'r'), 1.0}, {std::string("b"), std::string("c"), 2.0}}};
  std::istringstream lines(written(table, TableFormat::text, style));
  std::string line;
  int n_lines = 0;
  for (; std::getline(lines, line); ++n_lines) EXPECT_LE(display_width(line), 60) << line;
  EXPECT_EQ(n_lines, 3);
}

TEST(Table, NamesItsFormats) {
  EXPECT_EQ(*table_format("csv"), TableFormat::csv);
  const auto unknown = table_format("yaml");
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().line(), "'yaml' is no output format (--format): use table, csv, json or markdown");
}

}  // namespace
}  // namespace headroom
