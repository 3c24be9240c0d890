#include "terminal/display_text.hpp"

#include <gtest/gtest.h>

namespace headroom {
namespace {

TEST(DisplayText, LeavesOrdinaryNamesAlone) {
  for (const char* name : {"scGPT+knn", "K-562", "naïve Ω", "细胞", "café", "😀", "עברית"})
    EXPECT_EQ(display_text(name), name);
}

TEST(DisplayText, ShowsWhatWouldActOnTheTerminal) {
  EXPECT_EQ(display_text("a\x1b[31mb"), "a\\x1b[31mb");
  EXPECT_EQ(display_text("a\nb\tc\r"), "a\\x0ab\\x09c\\x0d");
  EXPECT_EQ(display_text(std::string("a\0b", 3)), "a\\x00b");
  EXPECT_EQ(display_text("\xC2\x9B"
                         "31m"),
            "\\u{9b}31m")
      << "the one-byte form of an escape sequence";
  EXPECT_EQ(display_text("abc\u202Egnp.exe"), "abc\\u{202e}gnp.exe") << "right-to-left override";
  EXPECT_EQ(display_text("a\u200Bb\u2066c\u2028d\uFEFF"), "a\\u{200b}b\\u{2066}c\\u{2028}d\\u{feff}");
  EXPECT_EQ(display_text("\U000E0041"), "\\u{e0041}") << "an invisible tag character";
}

TEST(DisplayText, ShowsBytesThatAreNoUtf8) {
  EXPECT_EQ(display_text("a\xff\xfe"), "a\\xff\\xfe");
  EXPECT_EQ(display_text("\xC0\xAF"), "\\xc0\\xaf") << "overlong";
  EXPECT_EQ(display_text("\xED\xA0\x80"), "\\xed\\xa0\\x80") << "surrogate";
  EXPECT_EQ(display_text("\xE2\x82"), "\\xe2\\x82") << "cut in the middle of a character";
  EXPECT_EQ(display_text("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80") << "above U+10FFFF";
}

TEST(DisplayText, KeepsTwoOfAPileOfMarks) { EXPECT_EQ(display_text("a\u0301\u0302\u0303\u0304b"), "a\u0301\u0302b"); }

TEST(DisplayWidth, CountsColumns) {
  EXPECT_EQ(display_width(""), 0);
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("naïve"), 5);
  EXPECT_EQ(display_width("e\u0301"), 1);
  EXPECT_EQ(display_width("细胞"), 4);
  EXPECT_EQ(display_width("😀x"), 3);
}

TEST(Fit, PadsAndCutsToTheExactWidth) {
  EXPECT_EQ(fit_left("ab", 4), "ab  ");
  EXPECT_EQ(fit_right("ab", 4), "  ab");
  EXPECT_EQ(fit_left("abcdefghij", 5), "ab…ij");
  EXPECT_EQ(fit_left("abcdefghij", 6, ".."), "ab..ij");
  EXPECT_EQ(fit_left("abc", 0), "");
  EXPECT_EQ(fit_left("abc", 1), "…");
}

TEST(Wrapped, BreaksAtBlanksAndIndentsWhatFollows) {
  using Lines = std::vector<std::string>;
  EXPECT_EQ(wrapped("", 10), Lines{});
  EXPECT_EQ(wrapped("   ", 10), Lines{});
  EXPECT_EQ(wrapped("ab cd", 5), (Lines{"ab cd"}));
  EXPECT_EQ(wrapped("ab  cd ef", 5), (Lines{"ab cd", "ef"}));
  EXPECT_EQ(wrapped("ab cd ef", 5, "  "), (Lines{"ab cd", "  ef"}));
  EXPECT_EQ(wrapped("a bcdefghij k", 5, " "), (Lines{"a", " bcde", " fghi", " j k"})) << "longer than a line";
  EXPECT_EQ(wrapped("细胞细胞", 5), (Lines{"细胞", "细胞"}));
  EXPECT_EQ(wrapped("e\u0301e\u0301e\u0301", 2), (Lines{"e\u0301e\u0301", "e\u0301"})) << "marks stay on their letter";
}

TEST(Wrapped, LosesNothing) {
  const std::string words = "it has a vector for 0 of the 1,600 training perturbations; at least 5 are needed";
  for (int width = 2; width < 90; ++width) {
    std::string joined;
    for (const std::string& line : wrapped(words, width)) {
      EXPECT_LE(display_width(line), width);
      joined += line;
    }
    std::string letters = words;
    std::erase(letters, ' ');
    std::erase(joined, ' ');
    EXPECT_EQ(joined, letters) << width;
  }
}

TEST(Fit, HoldsItsWidthForAnyName) {
  std::string emoji, marks = "a";
  for (int i = 0; i < 300; ++i) emoji += "😀";
  for (int i = 0; i < 300; ++i) marks += "e\u0301";
  for (const std::string& name : {emoji, marks, std::string(300, 'x'), std::string("细胞细胞细胞x")}) {
    for (int width = 0; width < 40; ++width) {
      EXPECT_EQ(display_width(fit_left(name, width)), width);
      EXPECT_EQ(display_width(fit_right(name, width)), width);
      EXPECT_LE(display_width(shortened(name, width)), width);
    }
  }
}

}  // namespace
}  // namespace headroom
