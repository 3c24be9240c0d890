// Where commands write, and how it is drawn: the one place that knows of stdout and stderr, reads the environment and
// asks for terminals.
#pragma once

#include <ostream>

#include "parallel/progress.hpp"
#include "terminal/terminal_progress.hpp"
#include "terminal/terminal_style.hpp"

namespace headroom::cli {

// stdout and stderr, unless somebody has taken them.
std::ostream& results();
std::ostream& messages();
// A live line on stderr where that is a terminal; whoever has taken the streams is told instead.
TerminalProgress terminal_progress(bool quiet);

// Takes what commands write, and their progress, for as long as it lives: of a process in which Headroom is a guest.
// One at a time, made and ended while no command runs; what is named must outlive it. `messages` and `progress` are
// written from the threads of the command, one at a time each.
class TakenStreams {
 public:
  TakenStreams(std::ostream& results, std::ostream& messages, Progress& progress);
  ~TakenStreams();
  TakenStreams(const TakenStreams&) = delete;
  TakenStreams& operator=(const TakenStreams&) = delete;
};

TerminalStyle stdout_style();
TerminalStyle stderr_style();
// Of live progress on stderr: nothing is drawn if quiet.
TerminalStyle progress_style(bool quiet);

}  // namespace headroom::cli
