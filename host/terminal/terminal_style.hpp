// How to draw on a stream: width, Unicode or ASCII, colours or none, live or not. Decided once by the command line from
// what it read of the environment, then passed to every renderer, so that each drawing can be tested to the byte.
#pragma once

#include <ostream>
#include <string>
#include <string_view>

namespace headroom {

struct TerminalStyle {
  int width = 100;      // columns, 40 to 100: wider lines are hard to read
  bool unicode = true;  // else ASCII
  bool colour = false;  // ANSI colours
  bool live = false;    // the stream is a terminal whose line can be drawn again
};

// What the process was started with; empty means unset.
struct TerminalEnvironment {
  bool is_terminal = false;            // isatty() of the stream
  int columns = 0;                     // of the terminal; 0: unknown
  std::string no_color;                // NO_COLOR: any text switches colours off (no-color.org)
  std::string term;                    // TERM: "dumb" can neither colour nor redraw
  std::string lc_all, lc_ctype, lang;  // the first that is set says whether the locale is UTF-8
};

TerminalStyle terminal_style(const TerminalEnvironment& environment);

enum class Ink { plain, bold, faint, red, green, yellow, blue };

// The text between the ANSI codes of `ink`, or bare where the style has no colours.
std::string inked(std::string_view text, Ink ink, const TerminalStyle& style);

}  // namespace headroom
