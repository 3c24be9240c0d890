#include "outcome/outcome.hpp"

#include <utility>

namespace headroom {
namespace {

// Control characters (a newline in a file name, an escape sequence in a plugin's message) must not break the line.
std::string on_one_line(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

tl::unexpected<Error> make(ErrorKind kind, std::string what, std::string where, std::string remedy) {
  return tl::unexpected<Error>(Error{kind, std::move(what), std::move(where), std::move(remedy)});
}

}  // namespace

std::string Error::line() const {
  std::string text = what;
  if (!where.empty()) text += " (" + where + ")";
  if (!remedy.empty()) text += ": " + remedy;
  return on_one_line(std::move(text));
}

tl::unexpected<Error> bad_input(std::string what, std::string where, std::string remedy) {
  return make(ErrorKind::bad_input, std::move(what), std::move(where), std::move(remedy));
}
tl::unexpected<Error> plugin_fault(std::string what, std::string where, std::string remedy) {
  return make(ErrorKind::plugin_fault, std::move(what), std::move(where), std::move(remedy));
}
tl::unexpected<Error> harness_fault(std::string what, std::string where, std::string remedy) {
  return make(ErrorKind::harness_fault, std::move(what), std::move(where), std::move(remedy));
}

}  // namespace headroom
