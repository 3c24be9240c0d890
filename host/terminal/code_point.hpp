// Code points of UTF-8 text, and which of them act instead of showing. What is made safe for a terminal, a page or a
// JSON file asks here.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <string_view>

namespace headroom {

struct CodePoint {
  char32_t value;
  std::string_view bytes;
  bool valid;  // false: `bytes` is one byte that is no UTF-8
};

// The code point at the start of a non-empty text. Overlong forms, surrogates and values above U+10FFFF are invalid.
CodePoint next_code_point(std::string_view text);

// Control and format characters (of them those that reorder a line), line separators, noncharacters, private planes and
// tags, and blanks that show as nothing.
bool is_acting(char32_t c);

// is_acting(), or a blank: what a reader does not see between or around letters.
bool is_blank(char32_t c);

struct CodePointRange {
  char32_t first, last;
};

// `ranges` in ascending order.
template <std::size_t n>
bool within(const std::array<CodePointRange, n>& ranges, char32_t c) {
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), c, [](char32_t v, CodePointRange r) { return v < r.first; });
  return after != ranges.begin() && c <= std::prev(after)->last;
}

}  // namespace headroom
