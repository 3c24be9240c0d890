#include "terminal/terminal_style.hpp"

#include <gtest/gtest.h>

namespace headroom {
namespace {

TerminalEnvironment terminal() {
  TerminalEnvironment environment;
  environment.is_terminal = true;
  environment.columns = 80;
  environment.term = "xterm-256color";
  environment.lang = "de_DE.UTF-8";
  return environment;
}

TEST(TerminalStyle, FollowsTheTerminal) {
  const TerminalStyle style = terminal_style(terminal());
  EXPECT_EQ(style.width, 80);
  EXPECT_TRUE(style.unicode && style.colour && style.live);
}

TEST(TerminalStyle, RespectsNoColor) {
  auto environment = terminal();
  environment.no_color = "1";
  EXPECT_FALSE(terminal_style(environment).colour);
  EXPECT_TRUE(terminal_style(environment).live);
}

TEST(TerminalStyle, IsPlainWhereThereIsNoTerminal) {
  auto environment = terminal();
  environment.is_terminal = false;
  EXPECT_FALSE(terminal_style(environment).colour);
  EXPECT_FALSE(terminal_style(environment).live);
  environment = terminal();
  environment.term = "dumb";
  EXPECT_FALSE(terminal_style(environment).colour);
}

TEST(TerminalStyle, TakesTheFirstLocaleThatIsSet) {
  auto environment = terminal();
  environment.lc_all = "C";
  EXPECT_FALSE(terminal_style(environment).unicode);
  environment.lc_all = "C.utf8";
  EXPECT_TRUE(terminal_style(environment).unicode);
  EXPECT_FALSE(terminal_style({}).unicode);
}

TEST(TerminalStyle, KeepsLinesReadable) {
  auto environment = terminal();
  environment.columns = 250;
  EXPECT_EQ(terminal_style(environment).width, 100);
  environment.columns = 10;
  EXPECT_EQ(terminal_style(environment).width, 40);
  environment.columns = 0;
  EXPECT_EQ(terminal_style(environment).width, 100);
}

TEST(Inked, ColoursOnlyWhereColoursAre) {
  TerminalStyle style;
  EXPECT_EQ(inked("x", Ink::red, style), "x");
  style.colour = true;
  EXPECT_EQ(inked("x", Ink::red, style), "\x1b[31mx\x1b[0m");
}

}  // namespace
}  // namespace headroom
