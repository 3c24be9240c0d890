#include "io/file_facts.hpp"

#include <fmt/format.h>

#include <charconv>

namespace headroom {
namespace {

constexpr std::string_view kMark = "fact";
constexpr char kSeparator = '\t';
constexpr std::size_t kMostBytes = 4000;
constexpr std::size_t kMostTextBytes = 1200;

// Cut between characters of UTF-8, with line breaks and separators as blanks.
std::string plain(std::string_view text) {
  const bool cut = text.size() > kMostTextBytes;
  if (cut) {
    std::size_t end = kMostTextBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text = text.substr(0, end);
  }
  std::string out(text);
  for (char& c : out) {
    if (c == '\n' || c == '\r' || c == kSeparator) c = ' ';
  }
  return cut ? out + "…" : out;
}

// A letter for the type, then the value.
std::string encoded(const FactValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return "s" + plain(*text);
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("i{}", *whole);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("d{}", *number);
  return std::get<bool>(value) ? "b1" : "b0";
}

template <class T>
std::optional<FactValue> number_in(std::string_view text) {
  T value{};
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<FactValue> decoded(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const std::string_view rest = text.substr(1);
  switch (text[0]) {
    case 's':
      return FactValue(std::string(rest));
    case 'i':
      return number_in<std::int64_t>(rest);
    case 'd':
      return number_in<double>(rest);
    case 'b':
      if (rest == "0" || rest == "1") return FactValue(rest == "1");
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

bool is_name(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  for (const char c : name) {
    if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '_') return false;
  }
  return true;
}

}  // namespace

Fact list_fact(std::string name, const std::vector<std::string>& values) {
  return {std::move(name), {values.begin(), values.end()}, true};
}

Fact first_of_fact(std::string name, const std::vector<std::string>& values, std::size_t n) {
  if (values.size() <= n) return list_fact(std::move(name), values);
  std::vector<std::string> shown(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(n));
  shown.push_back(fmt::format("… and {} more", values.size() - n));
  return list_fact(std::move(name), shown);
}

std::string fact_line(const Fact& fact) {
  std::string line(kMark);
  line += kSeparator;
  line += fact.name;
  line += kSeparator;
  line += fact.is_list ? "list" : "one";
  for (const FactValue& value : fact.values) {
    const std::string next = encoded(value);
    if (line.size() + 1 + next.size() > kMostBytes) break;
    line += kSeparator;
    line += next;
  }
  return line;
}

std::optional<Fact> parse_fact_line(std::string_view line) {
  std::vector<std::string_view> parts;
  for (std::size_t begin = 0; begin <= line.size();) {
    const std::size_t end = std::min(line.find(kSeparator, begin), line.size());
    parts.push_back(line.substr(begin, end - begin));
    begin = end + 1;
  }
  if (parts.size() < 3 || parts[0] != kMark || !is_name(parts[1])) return std::nullopt;
  if (parts[2] != "list" && parts[2] != "one") return std::nullopt;
  Fact fact{std::string(parts[1]), {}, parts[2] == "list"};
  for (std::size_t i = 3; i < parts.size(); ++i) {
    auto value = decoded(parts[i]);
    if (!value) return std::nullopt;
    fact.values.push_back(std::move(*value));
  }
  if (!fact.is_list && fact.values.size() != 1) return std::nullopt;
  return fact;
}

}  // namespace headroom
