#include "terminal/terminal_style.hpp"

#include <algorithm>
#include <cctype>

namespace headroom {
namespace {

bool is_utf8_locale(const TerminalEnvironment& environment) {
  std::string locale = !environment.lc_all.empty()     ? environment.lc_all
                       : !environment.lc_ctype.empty() ? environment.lc_ctype
                                                       : environment.lang;
  std::transform(locale.begin(), locale.end(), locale.begin(), [](unsigned char c) { return std::tolower(c); });
  return locale.find("utf-8") != std::string::npos || locale.find("utf8") != std::string::npos;
}

const char* code_of(Ink ink) {
  switch (ink) {
    case Ink::plain:
      return "";
    case Ink::bold:
      return "1";
    case Ink::faint:
      return "2";
    case Ink::red:
      return "31";
    case Ink::green:
      return "32";
    case Ink::yellow:
      return "33";
    case Ink::blue:
      return "34";
  }
  return "";
}

}  // namespace

TerminalStyle terminal_style(const TerminalEnvironment& environment) {
  const bool able = environment.is_terminal && environment.term != "dumb";
  TerminalStyle style;
  style.width = environment.columns > 0 ? std::clamp(environment.columns, 40, 100) : 100;
  style.unicode = is_utf8_locale(environment);
  style.colour = able && environment.no_color.empty();
  style.live = able;
  return style;
}

std::string inked(std::string_view text, Ink ink, const TerminalStyle& style) {
  if (!style.colour || ink == Ink::plain || text.empty()) return std::string(text);
  return std::string("\x1b[") + code_of(ink) + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace headroom
