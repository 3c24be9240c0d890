#include "cli/config_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <utility>

#include "io/bounded_file.hpp"

namespace headroom::cli {
namespace {

bool is_bare_key_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool is_number(std::string_view text) {
  if (text.empty()) return false;
  const std::size_t start = text[0] == '-' || text[0] == '+' ? 1 : 0;
  // TOML has no number that begins or ends with a point, nor one with a leading zero; hexadecimal is left out.
  if (start == text.size() || text[start] < '0' || text[start] > '9' || text.back() == '.') return false;
  if (text[start] == '0' && start + 1 < text.size() && text[start + 1] >= '0' && text[start + 1] <= '9') return false;
  double value = 0;
  const char* begin = text.data() + (text[0] == '+' ? 1 : 0);
  const auto [end, status] = std::from_chars(begin, text.data() + text.size(), value);
  return status == std::errc() && end == text.data() + text.size();
}

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

class Parser {
 public:
  Parser(std::string_view text, const std::string& where) : text_(text), where_(where) {}

  Result<std::vector<ConfigEntry>> parse() {
    while (true) {
      skip_to_content();
      if (at_end()) return std::move(entries_);
      auto read = peek() == '[' ? section() : entry();
      if (!read) return tl::unexpected<Error>(read.error());
      if (auto ended = line_end(); !ended) return tl::unexpected<Error>(ended.error());
    }
  }

 private:
  bool at_end() const { return position_ >= text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[position_]; }
  char take() {
    if (text_[position_] == '\n') ++line_;
    return text_[position_++];
  }
  void skip_blanks() {
    while (!at_end() && (peek() == ' ' || peek() == '\t')) take();
  }
  void skip_comment() {
    if (peek() != '#') return;
    while (!at_end() && peek() != '\n') take();
  }
  // Over blanks, line ends and comments.
  void skip_to_content() {
    while (!at_end()) {
      skip_comment();
      if (at_end() || !(peek() == ' ' || peek() == '\t' || peek() == '\n' || peek() == '\r')) return;
      take();
    }
  }

  tl::unexpected<Error> wrong(const std::string& what, const std::string& remedy) const {
    return bad_input(what, fmt::format("{}, line {}", where_, line_), remedy);
  }

  Result<void> line_end() {
    skip_blanks();
    skip_comment();
    if (peek() == '\r') take();
    if (at_end() || peek() == '\n') return {};
    return wrong(fmt::format("'{}' after the end of a value", peek()), "give each key a line, and quote text");
  }

  Result<void> section() {
    take();
    skip_blanks();
    if (peek() == '[') return wrong("an array of tables", "write one section a command, as [run]");
    auto name = key_part();
    if (!name) return tl::unexpected<Error>(name.error());
    skip_blanks();
    if (peek() != ']') return wrong("a section without its ']'", "write it as [run]");
    take();
    section_ = *name;
    if (const auto [known, is_new] = sections_.emplace(section_, line_); !is_new) {
      return wrong(fmt::format("the section [{}] stands here again", section_),
                   fmt::format("put its keys under line {}", known->second));
    }
    return {};
  }

  Result<std::string> key_part() {
    if (peek() == '"' || peek() == '\'') return quoted();
    std::string key;
    while (!at_end() && is_bare_key_character(peek())) key += take();
    if (key.empty()) return wrong("a line without a key", "write it as key = value, or [command]");
    return key;
  }

  Result<void> entry() {
    ConfigEntry entry;
    entry.section = section_;
    entry.line = line_;
    auto key = key_part();
    if (!key) return tl::unexpected<Error>(key.error());
    if (peek() == '.' && section_.empty()) {  // run.seed = 7, above the first section
      take();
      entry.section = *key;
      key = key_part();
      if (!key) return tl::unexpected<Error>(key.error());
    }
    entry.key = *key;
    skip_blanks();
    if (peek() != '=') return wrong(fmt::format("the key '{}' has no value", entry.key), "write it as key = value");
    take();
    skip_blanks();
    auto read = peek() == '[' ? array(entry) : one_value(entry);
    if (!read) return read;
    if (const auto [known, is_new] = keys_.emplace(std::pair{entry.section, entry.key}, entry.line); !is_new) {
      return wrong(fmt::format("the key '{}' stands here again", entry.key),
                   fmt::format("it has a value in line {}", known->second));
    }
    entries_.push_back(std::move(entry));
    return {};
  }

  Result<void> one_value(ConfigEntry& entry) {
    auto read = value(entry.key);
    if (!read) return tl::unexpected<Error>(read.error());
    entry.values.push_back(std::move(*read));
    return {};
  }

  Result<void> array(ConfigEntry& entry) {
    take();
    while (true) {
      skip_to_content();
      if (at_end()) return wrong(fmt::format("the array of '{}' does not end", entry.key), "close it with ]");
      if (peek() == ']') break;
      if (auto read = one_value(entry); !read) return read;
      skip_to_content();
      if (peek() == ',') {
        take();
      } else if (!at_end() && peek() != ']') {
        return wrong(fmt::format("the array of '{}' lacks a comma or its end", entry.key), "write it as [1, 2, 3]");
      }
    }
    take();
    return {};
  }

  Result<std::string> value(const std::string& key) {
    if (peek() == '"' || peek() == '\'') return quoted();
    std::string token;
    while (!at_end() && std::string_view(" \t\r\n#,]").find(peek()) == std::string_view::npos) token += take();
    if (token == "true" || token == "false" || is_number(token)) return token;
    return wrong(fmt::format("'{}' is no value for '{}'", token, key),
                 "quote text: \"...\"; else a number, true or false");
  }

  Result<std::string> quoted() {
    const char quote = take();
    if (text_.substr(position_, 2) == std::string(2, quote)) {
      return wrong("a string over several lines", "keep it on one line; \\n is a line end");
    }
    std::string out;
    while (true) {
      if (at_end() || peek() == '\n') return wrong("a string without its closing quote", "close it on its line");
      const char c = take();
      if (c == quote) return out;
      if (c != '\\' || quote == '\'') {
        out += c;
        continue;
      }
      if (auto escaped = escape(out); !escaped) return tl::unexpected<Error>(escaped.error());
    }
  }

  Result<void> escape(std::string& out) {
    static constexpr std::string_view kLetters = "btnfr\"\\", kMeanings = "\b\t\n\f\r\"\\";
    const char letter = at_end() ? '\0' : take();
    if (const auto known = kLetters.find(letter); letter != '\0' && known != std::string_view::npos) {
      out += kMeanings[known];
      return {};
    }
    const std::size_t n_digits = letter == 'u' ? 4 : letter == 'U' ? 8 : 0;
    unsigned code = 0;
    const std::string_view digits = text_.substr(std::min(position_, text_.size()), n_digits);
    const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    const bool is_character = code <= 0x10FFFF && !(code >= 0xD800 && code < 0xE000);
    if (n_digits == 0 || digits.size() != n_digits || status != std::errc() || end != digits.data() + n_digits ||
        !is_character) {
      return wrong("a backslash that begins no escape", "write \\\\ for one, or use '...'");
    }
    position_ += n_digits;
    append_utf8(out, code);
    return {};
  }

  std::string_view text_;
  const std::string& where_;
  std::size_t position_ = 0;
  int line_ = 1;
  std::string section_;
  std::vector<ConfigEntry> entries_;
  std::map<std::string, int> sections_;                      // to their lines
  std::map<std::pair<std::string, std::string>, int> keys_;  // section and key to their lines
};

}  // namespace

Result<std::vector<ConfigEntry>> parse_config(std::string_view text, const std::string& where) {
  return Parser(text, where).parse();
}

Result<std::vector<ConfigEntry>> read_config_file(const std::string& path) {
  constexpr std::uint64_t most_bytes = std::uint64_t{1} << 24;  // a flag for each of 100,000 files
  auto text = read_bounded_file(path, most_bytes);
  if (!text) return tl::unexpected<Error>(text.error());
  return parse_config(*text, path);
}

std::string config_value(std::string_view text) {
  if (text == "true" || text == "false" || is_number(text)) return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string config_line(std::string_view key, const std::vector<std::string>& values) {
  std::string out = std::string(key) + " = ";
  if (values.size() == 1) return out + config_value(values.front()) + "\n";
  out += '[';
  for (std::size_t i = 0; i < values.size(); ++i) out.append(i > 0 ? ", " : "").append(config_value(values[i]));
  return out + "]\n";
}

}  // namespace headroom::cli
