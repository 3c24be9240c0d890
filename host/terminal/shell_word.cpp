#include "terminal/shell_word.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

namespace headroom {

std::string shell_word(const std::string& text) {
  constexpr std::string_view plain = "_-+=./:,@%";
  const bool is_plain = !text.empty() && std::all_of(text.begin(), text.end(), [&](const char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || plain.find(c) != std::string_view::npos;
  });
  if (is_plain) return text;
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

}  // namespace headroom
