#include "terminal/display_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "terminal/code_point.hpp"

namespace headroom {
namespace {

// Marks that stand on the character before them.
constexpr std::array<CodePointRange, 29> combining = {{
    {0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},   {0x5BF, 0x5BF},   {0x5C1, 0x5C2},   {0x5C4, 0x5C5},
    {0x610, 0x61A},   {0x64B, 0x65F},   {0x670, 0x670},   {0x6D6, 0x6DC},   {0x6DF, 0x6E4},   {0x6E7, 0x6E8},
    {0x6EA, 0x6ED},   {0x711, 0x711},   {0x730, 0x74A},   {0x900, 0x902},   {0x93C, 0x93C},   {0x941, 0x948},
    {0x94D, 0x94D},   {0xE31, 0xE31},   {0xE34, 0xE3A},   {0xE47, 0xE4E},   {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF},
    {0x20D0, 0x20FF}, {0x302A, 0x302D}, {0x3099, 0x309A}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
}};

// East Asian wide and full-width characters, and the pictographs that terminals draw two columns wide.
constexpr std::array<CodePointRange, 34> wide = {{
    {0x1100, 0x115E}, {0x231A, 0x231B}, {0x2329, 0x232A}, {0x23E9, 0x23EC},   {0x23F0, 0x23F0}, {0x23F3, 0x23F3},
    {0x25FD, 0x25FE}, {0x2614, 0x2615}, {0x2648, 0x2653}, {0x267F, 0x267F},   {0x2693, 0x2693}, {0x26A1, 0x26A1},
    {0x26AA, 0x26AB}, {0x26BD, 0x26BE}, {0x26C4, 0x26C5}, {0x26CE, 0x26CE},   {0x26D4, 0x26D4}, {0x26EA, 0x26EA},
    {0x26F2, 0x26F5}, {0x26FA, 0x26FD}, {0x2705, 0x270B}, {0x2728, 0x2728},   {0x274C, 0x2757}, {0x2795, 0x2797},
    {0x2B1B, 0x2B1C}, {0x2E80, 0x303E}, {0x3041, 0x33FF}, {0x3400, 0x4DBF},   {0x4E00, 0xA4CF}, {0xA960, 0xA97F},
    {0xAC00, 0xD7A3}, {0xF900, 0xFAFF}, {0xFE30, 0xFF60}, {0x1F000, 0x3FFFD},
}};

int width_of(char32_t c) {
  if (within(combining, c)) return 0;
  return within(wide, c) ? 2 : 1;
}

// Each character with the marks that stand on it, and its columns.
std::vector<std::pair<std::string_view, int>> characters(std::string_view text) {
  std::vector<std::pair<std::string_view, int>> pieces;
  for (std::string_view rest = text; !rest.empty();) {
    const CodePoint c = next_code_point(rest);
    const int w = width_of(c.value);
    if (w == 0 && !pieces.empty()) {
      pieces.back().first = {pieces.back().first.data(), pieces.back().first.size() + c.bytes.size()};
    } else {
      pieces.emplace_back(c.bytes, w);
    }
    rest.remove_prefix(c.bytes.size());
  }
  return pieces;
}

std::string cut(std::string_view text, int width, std::string_view ellipsis) {
  const int ellipsis_width = display_width(ellipsis);
  if (width <= ellipsis_width) return std::string(width == ellipsis_width ? ellipsis : std::string_view{});
  // The head takes pieces from the front, the tail from the back.
  const auto pieces = characters(text);
  const int kept = width - ellipsis_width;
  std::string head, tail;
  int head_width = 0, tail_width = 0;
  std::size_t first = 0, last = pieces.size();
  while (first < last && head_width + pieces[first].second <= (kept + 1) / 2) {
    head_width += pieces[first].second;
    head += pieces[first++].first;
  }
  while (last > first && head_width + tail_width + pieces[last - 1].second <= kept) {
    tail_width += pieces[--last].second;
    tail.insert(0, pieces[last].first);
  }
  return head + std::string(ellipsis) + tail;
}

}  // namespace

std::string display_text(std::string_view foreign) {
  std::string out;
  out.reserve(foreign.size());
  int n_marks = 0;  // combining marks since the last character that takes a column
  while (!foreign.empty()) {
    const CodePoint c = next_code_point(foreign);
    foreign.remove_prefix(c.bytes.size());
    const bool is_mark = c.valid && within(combining, c.value);
    n_marks = is_mark ? n_marks + 1 : 0;
    if (!c.valid || c.value < 0x80) {
      if (c.valid && c.value >= 0x20 && c.value != 0x7F) {
        out += c.bytes;
      } else {
        out += fmt::format("\\x{:02x}", static_cast<unsigned>(c.value));
      }
    } else if (is_acting(c.value)) {
      out += fmt::format("\\u{{{:x}}}", static_cast<std::uint32_t>(c.value));
    } else if (!is_mark || n_marks <= 2) {
      out += c.bytes;
    }
  }
  return out;
}

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const CodePoint c = next_code_point(text);
    width += width_of(c.value);
    text.remove_prefix(c.bytes.size());
  }
  return width;
}

std::vector<std::string> wrapped(std::string_view text, int width, std::string_view indent) {
  std::vector<std::string> lines;
  std::string line;
  int line_width = 0;
  bool is_empty = true;  // but for the indent
  const auto next_line = [&] {
    if (!is_empty) lines.push_back(std::move(line));
    line.clear();
    if (!lines.empty()) line += indent;
    line_width = display_width(line);
    is_empty = true;
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    if (!is_empty && line_width + 1 + display_width(word) > width) next_line();
    if (!is_empty) {
      line += ' ';
      ++line_width;
    }
    for (const auto& [bytes, columns] : characters(word)) {
      if (line_width + columns > width) next_line();
      line += bytes;
      line_width += columns;
      is_empty = false;
    }
  }
  next_line();
  return lines;
}

std::string shortened(std::string_view text, int width, std::string_view ellipsis) {
  return display_width(text) <= width ? std::string(text) : cut(text, width, ellipsis);
}

std::string fit_left(std::string_view text, int width, std::string_view ellipsis) {
  std::string out = shortened(text, width, ellipsis);
  out.append(static_cast<std::size_t>(std::max(0, width - display_width(out))), ' ');
  return out;
}

std::string fit_right(std::string_view text, int width, std::string_view ellipsis) {
  const std::string out = shortened(text, width, ellipsis);
  return std::string(static_cast<std::size_t>(std::max(0, width - display_width(out))), ' ') + out;
}

}  // namespace headroom
