#include "review/told_doubt.hpp"

#include <gtest/gtest.h>

namespace headroom {
namespace {

TEST(ToldDoubt, ComesBackFromItsLine) {
  const Doubt doubt{"vectors.flat", "v.csv", "two\nlines \"quoted\"", 3, {"a", "b"}, "do"};
  const std::string line = doubt_line(doubt);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto back = parse_doubt_line(line);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->code, doubt.code);
  EXPECT_EQ(back->where, doubt.where);
  EXPECT_EQ(back->what, doubt.what);
  EXPECT_EQ(back->n, 3);
  EXPECT_EQ(back->examples, doubt.examples);
  EXPECT_EQ(back->remedy, doubt.remedy);
}

TEST(ToldDoubt, IsForeignData) {
  EXPECT_FALSE(parse_doubt_line("a note"));
  EXPECT_FALSE(parse_doubt_line("doubt\t{}"));
  EXPECT_FALSE(parse_doubt_line("doubt\t[]"));
  EXPECT_FALSE(parse_doubt_line("doubt\tnonsense"));
  // No reader of vectors or predictions speaks of these, or accepts anything.
  EXPECT_FALSE(parse_doubt_line(R"(doubt	[{"code":"output.not_ours"}])"));
  EXPECT_FALSE(parse_doubt_line(R"(doubt	[{"code":"vectors.unheard_of"}])"));
  const auto accepted =
      parse_doubt_line(R"(doubt	[{"code":"vectors.flat","accepted":true,"n":-5,"severity":"noted"}])");
  ASSERT_TRUE(accepted);
  EXPECT_FALSE(accepted->accepted);
  EXPECT_EQ(accepted->n, 0);
}

TEST(ToldDoubt, LongTextsAreCut) {
  Doubt doubt{"vectors.elsewhere", std::string(5000, 'w'), std::string(5000, '\x01'), 1, {}, std::string(5000, '"')};
  for (int i = 0; i < 5; ++i) doubt.examples.push_back(std::string(900, '\x02'));
  const std::string line = doubt_line(doubt);
  EXPECT_LE(line.size(), 4096u);
  const auto back = parse_doubt_line(line);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->code, "vectors.elsewhere");
}

}  // namespace
}  // namespace headroom
