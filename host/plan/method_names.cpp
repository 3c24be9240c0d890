#include "plan/method_names.hpp"

#include <fmt/format.h>

#include "terminal/code_point.hpp"
#include "terminal/display_text.hpp"

namespace headroom {

std::string fault_of_name(std::string_view name) {
  if (seen_name(name).empty()) return "the name is blank";
  if (name.find('+') != std::string_view::npos) {
    return fmt::format("the name '{}' holds a '+', which joins an embedding and a head", display_text(name));
  }
  return {};
}

std::string seen_name(std::string_view name) {
  std::string seen;
  while (!name.empty()) {
    const CodePoint c = next_code_point(name);
    if (!c.valid || !is_blank(c.value)) seen += c.bytes;
    name.remove_prefix(c.bytes.size());
  }
  return seen;
}

std::string TakenNames::take(const std::string& name) {
  const auto [other, is_new] = by_seen_.emplace(seen_name(name), name);
  if (is_new) return {};
  if (other->second == name) return fmt::format("the name '{}' is taken", display_text(name));
  return fmt::format("the name '{}' differs from '{}' by blanks only", display_text(name), display_text(other->second));
}

}  // namespace headroom
