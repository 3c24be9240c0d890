#include "terminal/code_point.hpp"

namespace headroom {
namespace {

// Unicode's Cc, Cf, Zl, Zp, noncharacters of the first plane, private planes and tags; blanks that show as nothing.
constexpr std::array<CodePointRange, 20> acting = {{
    {0x00, 0x1F},     {0x7F, 0x9F},     {0xAD, 0xAD},     {0x34F, 0x34F},   {0x600, 0x605},
    {0x61C, 0x61C},   {0x6DD, 0x6DD},   {0x70F, 0x70F},   {0x115F, 0x1160}, {0x17B4, 0x17B5},
    {0x180B, 0x180F}, {0x200B, 0x200F}, {0x2028, 0x202E}, {0x2060, 0x206F}, {0x3164, 0x3164},
    {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0xFFFE, 0xFFFF}, {0xE0000, 0x10FFFF},
}};

// Unicode's Zs.
constexpr std::array<CodePointRange, 7> blank = {{
    {0x20, 0x20},
    {0xA0, 0xA0},
    {0x1680, 0x1680},
    {0x2000, 0x200A},
    {0x202F, 0x202F},
    {0x205F, 0x205F},
    {0x3000, 0x3000},
}};

}  // namespace

CodePoint next_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, text.substr(0, 1), true};
  const int length = lead >= 0xF0 && lead <= 0xF4 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 && lead <= 0xDF ? 2 : 0;
  const CodePoint invalid{lead, text.substr(0, 1), false};
  if (length == 0 || lead > 0xF4 || text.size() < static_cast<std::size_t>(length)) return invalid;
  char32_t value = lead & (0xFFu >> (length + 1));
  for (int i = 1; i < length; ++i) {
    if ((byte(static_cast<std::size_t>(i)) & 0xC0) != 0x80) return invalid;
    value = (value << 6) | (byte(static_cast<std::size_t>(i)) & 0x3Fu);
  }
  constexpr std::array<char32_t, 5> smallest = {0, 0, 0x80, 0x800, 0x10000};
  if (value < smallest[static_cast<std::size_t>(length)] || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) {
    return invalid;
  }
  return {value, text.substr(0, static_cast<std::size_t>(length)), true};
}

bool is_acting(char32_t c) { return within(acting, c) || (c & 0xFFFE) == 0xFFFE; }

bool is_blank(char32_t c) { return within(blank, c) || is_acting(c); }

}  // namespace headroom
