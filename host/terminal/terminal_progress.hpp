// Progress as one live line of a terminal: phase, bar, count, rate, time left, what is being worked on.
// On anything that is no terminal it draws nothing, so logs stay clean.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>

#include "parallel/progress.hpp"
#include "terminal/terminal_style.hpp"

namespace headroom {

class TerminalProgress final : public Progress {
 public:
  // Seconds of a clock that never goes back; injected so that tests know the time.
  using Clock = std::function<double()>;

  // `out` must outlive this object and be written by nobody else between begin() and end(); style.live switches drawing
  // on.
  TerminalProgress(std::ostream& out, const TerminalStyle& style);
  TerminalProgress(std::ostream& out, const TerminalStyle& style, Clock clock);
  // `follower`, if any, is told the same as this one, whatever is drawn; it must outlive this object.
  TerminalProgress(std::ostream& out, const TerminalStyle& style, Progress* follower);
  ~TerminalProgress() override;

  void begin(const std::string& phase, std::int64_t total, const std::string& unit) override;
  void advance(std::int64_t n) override;  // any thread; draws at most ten times a second
  void end() override;                    // leaves one line that says how much was done in what time

  // What is being worked on, shown at the end of the line. Any thread.
  void working_on(const std::string& what) override;

  // Prints one finished line above the live one (also where nothing is drawn live). Any thread.
  void print_line(const std::string& line);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace headroom
