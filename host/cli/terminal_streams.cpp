#include "cli/terminal_streams.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace headroom::cli {
namespace {

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

TerminalStyle style_of(int descriptor) {
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

TerminalStyle stdout_style() { return style_of(STDOUT_FILENO); }
TerminalStyle stderr_style() { return style_of(STDERR_FILENO); }

TerminalStyle progress_style(bool quiet) {
  TerminalStyle style = stderr_style();
  if (quiet) style.live = false;
  return style;
}

}  // namespace headroom::cli
