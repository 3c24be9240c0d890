// How stdout and stderr of this process are drawn on: the one place that reads the environment and asks for terminals.
#pragma once

#include "terminal/terminal_style.hpp"

namespace headroom::cli {

TerminalStyle stdout_style();
TerminalStyle stderr_style();
// Of live progress on stderr: nothing is drawn if quiet.
TerminalStyle progress_style(bool quiet);

}  // namespace headroom::cli
