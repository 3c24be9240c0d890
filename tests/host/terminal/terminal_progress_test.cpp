#include "terminal/terminal_progress.hpp"

#include <gtest/gtest.h>

#include <sstream>
#include <thread>
#include <vector>

#include "terminal/display_text.hpp"

namespace headroom {
namespace {

struct Screen {
  std::ostringstream out;
  double now = 100;
  TerminalStyle style;
  TerminalProgress progress;

  explicit Screen(bool live, bool unicode = true)
      : style{100, unicode, false, live}, progress(out, style, [this] { return now; }) {}
  std::string take() {
    std::string text = out.str();
    out.str("");
    return text;
  }
};

TEST(TerminalProgress, DrawsCountRateAndTimeLeft) {
  Screen screen(true);
  screen.progress.begin("evaluating", 200, "evaluations");
  EXPECT_EQ(screen.take(), "\r\x1b[Kevaluating ▕                    ▏ 0/200 evaluations");
  screen.now += 10;
  screen.progress.working_on("scGPT+knn");
  screen.progress.advance(50);
  EXPECT_EQ(screen.take(),
            "\r\x1b[Kevaluating ▕█████               ▏ 50/200 evaluations · 5.000/s · 30 s left · scGPT+knn");
  screen.now += 5;
  screen.progress.end();
  EXPECT_EQ(screen.take(), "\r\x1b[Kevaluating 50 evaluations in 15 s\n");
}

TEST(TerminalProgress, DrawsAtMostTenTimesASecond) {
  Screen screen(true);
  screen.progress.begin("reading", 0, "cells");
  screen.take();
  int n_drawn = 0;
  for (int i = 0; i < 1000; ++i) {  // one simulated second
    screen.now += 0.001;
    screen.progress.advance(10);
    if (!screen.take().empty()) ++n_drawn;
  }
  EXPECT_GE(n_drawn, 9);
  EXPECT_LE(n_drawn, 10);
}

// Writes down what it is told.
class Follower final : public Progress {
 public:
  void begin(const std::string& phase, std::int64_t total, const std::string& unit) override {
    told += phase + " 0/" + std::to_string(total) + " " + unit + ";";
  }
  void advance(std::int64_t n) override { told += "+" + std::to_string(n) + ";"; }
  void end() override { told += "end;"; }
  void working_on(const std::string& what) override { told += what + ";"; }

  std::string told;
};

TEST(TerminalProgress, TellsItsFollowerTheSameAlthoughNothingIsDrawn) {
  std::ostringstream out;
  Follower follower;
  TerminalProgress progress(out, TerminalStyle{}, &follower);
  progress.begin("evaluating", 3, "evaluations");
  progress.working_on("esm+knn");
  progress.advance(2);
  progress.end();
  progress.end();
  EXPECT_EQ(follower.told, "evaluating 0/3 evaluations;esm+knn;+2;end;");
  EXPECT_EQ(out.str(), "");
}

TEST(TerminalProgress, PrintsNothingWhereThereIsNoTerminal) {
  Screen screen(false);
  screen.progress.begin("evaluating", 2, "evaluations");
  screen.now += 10;
  screen.progress.advance(1);
  screen.progress.end();
  EXPECT_EQ(screen.take(), "");
  screen.progress.print_line("a finished method");
  EXPECT_EQ(screen.take(), "a finished method\n");
}

TEST(TerminalProgress, PrintsLinesAboveTheLiveOne) {
  Screen screen(true, false);
  screen.progress.begin("evaluating", 2, "evaluations");
  screen.take();
  screen.progress.print_line("done");
  EXPECT_EQ(screen.take(), "\r\x1b[Kdone\n\r\x1b[Kevaluating [>                   ] 0/2 evaluations");
}

TEST(TerminalProgress, KeepsHostileTextInOneShortLine) {
  Screen screen(true);
  screen.progress.begin("evaluating", 10, "evaluations");
  screen.take();
  screen.progress.working_on("\x1b[2J\n" + std::string(300, 'x'));
  screen.now += 2;
  screen.progress.advance(1);
  const std::string line = screen.take().substr(4);  // behind the erasing sequence
  EXPECT_EQ(line.find('\x1b'), std::string::npos);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  EXPECT_LT(display_width(line), 100);
}

TEST(TerminalProgress, CountsFromManyThreads) {
  Screen screen(true);
  screen.progress.begin("evaluating", 4000, "evaluations");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) screen.progress.advance(1);
    });
  }
  for (auto& thread : threads) thread.join();
  screen.progress.end();
  EXPECT_NE(screen.take().find("4,000 evaluations"), std::string::npos);
}

TEST(TerminalProgress, LeavesNoHalfLineWhenAbandoned) {
  std::ostringstream out;
  {
    TerminalProgress progress(out, {100, true, false, true}, [] { return 0.0; });
    progress.begin("reading", 1, "cells");
    out.str("");
  }
  EXPECT_EQ(out.str(), "\r\x1b[K");
}

}  // namespace
}  // namespace headroom
