// Lists of names, as errors and choices of columns need them.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace headroom {

inline bool is_there(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "a, b, c and 4 more": how an error or a note of examples lists them.
inline std::string list_of(const std::vector<std::string>& names) {
  constexpr std::size_t kListed = 8;
  std::string text;
  for (std::size_t i = 0; i < std::min(kListed, names.size()); ++i) text += (i > 0 ? ", " : "") + names[i];
  if (names.size() > kListed) text += " and " + std::to_string(names.size() - kListed) + " more";
  return text;
}

}  // namespace headroom
