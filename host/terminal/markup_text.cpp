#include "terminal/markup_text.hpp"

#include "terminal/display_text.hpp"

namespace headroom {

std::string markup_text(std::string_view foreign) {
  std::string out;
  for (const char c : display_text(foreign)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace headroom
