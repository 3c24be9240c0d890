#include "cli/terminal_streams.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

namespace headroom::cli {
namespace {

// Who has taken them; null: nobody.
std::ostream* taken_results = nullptr;
std::ostream* taken_messages = nullptr;
Progress* taken_progress = nullptr;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

TerminalStyle style_of(int descriptor) {
  if (taken_results != nullptr) return {};  // no terminal, and text that is drawn in full
  TerminalEnvironment environment;
  environment.is_terminal = isatty(descriptor) == 1;
  winsize size{};
  if (environment.is_terminal && ioctl(descriptor, TIOCGWINSZ, &size) == 0) environment.columns = size.ws_col;
  environment.no_color = variable("NO_COLOR");
  environment.term = variable("TERM");
  environment.lc_all = variable("LC_ALL");
  environment.lc_ctype = variable("LC_CTYPE");
  environment.lang = variable("LANG");
  return terminal_style(environment);
}

}  // namespace

std::ostream& results() { return taken_results != nullptr ? *taken_results : std::cout; }
std::ostream& messages() { return taken_messages != nullptr ? *taken_messages : std::cerr; }

TerminalProgress terminal_progress(bool quiet) {
  return TerminalProgress(messages(), progress_style(quiet), quiet ? nullptr : taken_progress);
}

TakenStreams::TakenStreams(std::ostream& results, std::ostream& messages, Progress& progress) {
  taken_results = &results;
  taken_messages = &messages;
  taken_progress = &progress;
}

TakenStreams::~TakenStreams() {
  taken_results = nullptr;
  taken_messages = nullptr;
  taken_progress = nullptr;
}

TerminalStyle stdout_style() { return style_of(STDOUT_FILENO); }
TerminalStyle stderr_style() { return style_of(STDERR_FILENO); }

TerminalStyle progress_style(bool quiet) {
  TerminalStyle style = stderr_style();
  if (quiet) style.live = false;
  return style;
}

}  // namespace headroom::cli
