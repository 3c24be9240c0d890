#include "terminal/json_text.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <iterator>

#include "terminal/code_point.hpp"

namespace headroom {
namespace {

// Code points beyond the first plane are two units (RFC 8259, section 7).
void append_escape(std::string& out, char32_t c) {
  constexpr std::uint32_t kFirstOfPairs = 0x10000;
  const auto value = static_cast<std::uint32_t>(c);
  const auto append = [&](std::uint32_t unit) { fmt::format_to(std::back_inserter(out), "\\u{:04x}", unit); };
  if (value < kFirstOfPairs) return append(value);
  append(0xD800 + ((value - kFirstOfPairs) >> 10));
  append(0xDC00 + ((value - kFirstOfPairs) & 0x3FF));
}

}  // namespace

std::string escaped_json(std::string_view json) {
  constexpr unsigned char kDelete = 0x7F;  // below, what acts is an escape already or stands between values
  std::string out;
  out.reserve(json.size() + json.size() / 64);
  while (!json.empty()) {
    std::size_t n_plain = 0;
    while (n_plain < json.size() && static_cast<unsigned char>(json[n_plain]) < kDelete) ++n_plain;
    out += json.substr(0, n_plain);
    json.remove_prefix(n_plain);
    if (json.empty()) break;
    const CodePoint c = next_code_point(json);
    if (c.valid && is_acting(c.value)) {
      append_escape(out, c.value);
    } else {
      out += c.bytes;
    }
    json.remove_prefix(c.bytes.size());
  }
  return out;
}

}  // namespace headroom
