#include "io/delimited.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <cmath>

#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryFolder;

using Rows = std::vector<std::vector<std::string>>;

// All records, or the error's line.
Result<Rows> rows_of(const std::string& text, std::optional<char> separator = {}) {
  auto reader = DelimitedReader::from_text(text, "t.csv", separator);
  if (!reader) return tl::unexpected(reader.error());
  Rows rows;
  for (;;) {
    const auto more = reader->next();
    if (!more) return tl::unexpected(more.error());
    if (!*more) return rows;
    rows.emplace_back(reader->cells().begin(), reader->cells().end());
  }
}

std::string gzipped(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

TEST(DelimitedReader, ReadsPlainAndQuotedCells) {
  EXPECT_EQ(*rows_of("a,b\n1,2\n"), (Rows{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(*rows_of("a,b\r\n1,\r\n"), (Rows{{"a", "b"}, {"1", ""}}));
  EXPECT_EQ(*rows_of("\xef\xbb\xbf"
                     "a,b\n1,2"),
            (Rows{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(*rows_of("\"a,1\",\"say \"\"hi\"\"\"\n\"two\nlines\",\"\"\r\n"),
            (Rows{{"a,1", "say \"hi\""}, {"two\nlines", ""}}));
  EXPECT_EQ(*rows_of("a\tb,c\n1\t2\n"), (Rows{{"a", "b,c"}, {"1", "2"}}));
  EXPECT_EQ(*rows_of("\"a\tb\",c\n"), (Rows{{"a\tb", "c"}}));
  EXPECT_EQ(*rows_of("a\tb\n", ','), (Rows{{"a\tb"}}));
  EXPECT_EQ(*rows_of("\n\r\na,b\n\n1,2\n\n"), (Rows{{"a", "b"}, {"1", "2"}}));
  EXPECT_EQ(*rows_of(",\n"), (Rows{{"", ""}}));
  EXPECT_EQ(*rows_of("5\" tape,b\n"), (Rows{{"5\" tape", "b"}}));
  EXPECT_TRUE(rows_of("")->empty());
  EXPECT_TRUE(rows_of("\n")->empty());
}

TEST(DelimitedReader, ErrorsNameFileAndLine) {
  const auto message = [](const std::string& text) {
    const auto rows = rows_of(text);
    return rows ? std::string("no error") : rows.error().line();
  };
  EXPECT_THAT(message("a,b\n1,2\n\n3\n"), HasSubstr("1 cells instead of 2 (t.csv, line 4)"));
  EXPECT_THAT(message("a,b\n\"x\ny\",2\n1,2,3\n"), HasSubstr("3 cells instead of 2 (t.csv, line 4)"));
  EXPECT_THAT(message("a,b\n1,\"2\n3,4\n"), HasSubstr("a quote is not closed (t.csv, line 2)"));
  EXPECT_THAT(message("a,b\n\"1\"x,2\n"), HasSubstr("text follows a closing quote (t.csv, line 2)"));
  EXPECT_THAT(message(std::string("a\0b\n", 4)), HasSubstr("not text"));
  EXPECT_THAT(message(std::string("\xff\xfe"
                                  "a\0",
                                  4)),
              HasSubstr("UTF-16"));
  EXPECT_THAT(message("\""), HasSubstr("not closed"));
}

TEST(DelimitedReader, HeaderGivesColumnsByName) {
  auto reader = DelimitedReader::from_text(",pert_id, L2 \n0,a,1.5\n1,b,x\n", "t.csv");
  ASSERT_TRUE(reader->read_header());
  EXPECT_THAT(reader->header(), ElementsAre("", "pert_id", "L2"));
  EXPECT_EQ(reader->column("L2"), 2u);
  EXPECT_EQ(reader->column("MSE"), std::nullopt);
  EXPECT_THAT(reader->require_column("MSE").error().line(), HasSubstr("the columns are: , pert_id, L2"));
  ASSERT_TRUE(*reader->next());
  EXPECT_EQ(*reader->number(2), 1.5);
  ASSERT_TRUE(*reader->next());
  EXPECT_EQ(reader->line(), 3u);
  EXPECT_THAT(reader->number(2).error().line(), HasSubstr("'x' is not a number (column 'L2') (t.csv, line 3)"));
  EXPECT_FALSE(*reader->next());

  auto twice = DelimitedReader::from_text("a,a\n", "t.csv");
  EXPECT_THAT(twice->read_header().error().line(), HasSubstr("column 'a' is there twice"));
  auto empty = DelimitedReader::from_text("", "t.csv");
  EXPECT_THAT(empty->read_header().error().line(), HasSubstr("empty"));
}

TEST(DelimitedReader, CellsSurviveAMoveOfTheReader) {
  auto reader = DelimitedReader::from_text("a,b\n", "t.csv");
  ASSERT_TRUE(*reader->next());
  const DelimitedReader moved = std::move(*reader);
  EXPECT_THAT(moved.cells(), ElementsAre("a", "b"));
}

TEST(DelimitedReader, ReadsGzipByContent) {
  const TemporaryFolder folder;
  std::string text = "a,b\n";
  for (int i = 0; i < 400'000; ++i) text += std::to_string(i) + ",x\n";
  // Two members, as `cat a.gz b.gz` makes them.
  const std::string packed = gzipped(text.substr(0, 1'000)) + gzipped(text.substr(1'000));
  auto reader = DelimitedReader::open(folder.write("plain-name.csv", packed));
  ASSERT_TRUE(reader) << reader.error().line();
  std::size_t n = 0;
  while (*reader->next()) ++n;
  EXPECT_EQ(n, 400'001u);

  auto cut = DelimitedReader::open(folder.write("cut.csv.gz", packed.substr(0, packed.size() - 30)));
  ASSERT_FALSE(cut);
  EXPECT_THAT(cut.error().line(), HasSubstr("truncated"));
  std::string flipped = packed;
  flipped[packed.size() / 2] ^= 4;
  auto damaged = DelimitedReader::open(folder.write("flipped.csv.gz", flipped));
  ASSERT_FALSE(damaged);
  EXPECT_THAT(damaged.error().line(), HasSubstr("damaged"));
  EXPECT_FALSE(DelimitedReader::open(folder / "absent.csv"));
  EXPECT_FALSE(DelimitedReader::open(folder.path()));
}

TEST(ParseNumber, TakesWholeNumbersOnly) {
  EXPECT_EQ(parse_number("1.5"), 1.5);
  EXPECT_EQ(parse_number(" -2e-3 "), -2e-3);
  EXPECT_EQ(parse_number("+7"), 7.0);
  EXPECT_EQ(parse_number("1e-400"), 0.0);
  EXPECT_EQ(parse_number("1e400"), std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(*parse_number("NaN")));
  EXPECT_EQ(parse_number("0.1000000000000000055511151231257827"), 0.1);
  for (const char* text : {"", " ", "1,5", "1.5x", "x", "+", "+-1", "0x10", "1e", "--1"}) {
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
  }
  EXPECT_EQ(parse_integer(" 42"), 42);
  EXPECT_EQ(parse_integer("4.0"), std::nullopt);
  EXPECT_EQ(parse_integer("9223372036854775808"), std::nullopt);
}

}  // namespace
}  // namespace headroom
