#include "cli/argument_order.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace headroom::cli {
namespace {

bool is_flag(std::string_view text) { return text.size() > 1 && text.front() == '-'; }

// "--flag=value" and "-ovalue" hold their first value themselves.
std::pair<std::string, bool> name_and_whether_it_holds_a_value(const std::string& text) {
  if (text.starts_with("--")) {
    const auto equals = text.find('=');
    return {text.substr(0, equals), equals != std::string::npos};
  }
  return {text.substr(0, 2), text.size() > 2};
}

}  // namespace

std::vector<std::string> with_positional_first(std::vector<std::string> arguments,
                                               const std::function<FlagValues(const std::string&)>& values_of,
                                               const std::function<bool(const std::string&)>& may_be_positional,
                                               bool takes_several) {
  std::optional<std::size_t> found;
  std::size_t n_found = 1;
  for (std::size_t i = 0; i < arguments.size();) {
    if (!is_flag(arguments[i]) || arguments[i] == "--") return arguments;  // it stands by itself
    const auto [name, holds_value] = name_and_whether_it_holds_a_value(arguments[i]);
    const FlagValues takes = values_of(name);
    ++i;
    if (takes == FlagValues::none) continue;
    std::size_t n_values = holds_value ? 1 : 0;
    while (i < arguments.size() && !is_flag(arguments[i]) && (takes == FlagValues::several || n_values == 0)) {
      ++n_values;
      ++i;
    }
    if (n_values <= 1 || !may_be_positional(arguments[i - 1])) continue;
    n_found = 1;
    while (takes_several && n_found + 1 < n_values && may_be_positional(arguments[i - 1 - n_found])) ++n_found;
    found = i - n_found;
  }
  if (!found) return arguments;
  const auto first = arguments.begin() + static_cast<std::ptrdiff_t>(*found);
  std::rotate(arguments.begin(), first, first + static_cast<std::ptrdiff_t>(n_found));
  return arguments;
}

}  // namespace headroom::cli
