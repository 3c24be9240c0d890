#include "terminal/shell_word.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <string>

namespace headroom {
namespace {

// What a shell reads the word as.
std::string read_by_a_shell(const std::string& word) {
  FILE* const shell = popen(("printf %s " + word).c_str(), "r");
  std::string text;
  for (int c = 0; (c = std::fgetc(shell)) != EOF;) text += static_cast<char>(c);
  pclose(shell);
  return text;
}

TEST(ShellWord, IsReadAsTheTextThatItStandsFor) {
  for (const char* text : {"plan", "shards/3", "my plan", "o'clock", "''", "$(touch x)", "a\nb", "`x`", "\\", "*", "~",
                           "\xC3\xA9", "a;b", "-o", "#x"}) {
    EXPECT_EQ(read_by_a_shell(shell_word(text)), text);
  }
}

TEST(ShellWord, StaysAsItIsWhereNothingInItMeansAnything) {
  EXPECT_EQ(shell_word("/data/run_1/plan-2.json"), "/data/run_1/plan-2.json");
  EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace headroom
