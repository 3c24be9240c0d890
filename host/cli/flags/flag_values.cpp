#include "cli/flags/flag_values.hpp"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <system_error>

namespace headroom::cli {

Result<double> number(std::string_view text, std::string_view flag) {
  double value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) {
    return bad_input(fmt::format("'{}' is not a number", text), std::string(flag), "write it as 5 or 1e-3");
  }
  return value;
}

Result<std::pair<std::string, std::string>> key_and_value(const std::string& text, std::string_view flag,
                                                          std::string_view form) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return bad_input(fmt::format("'{}' has no value", text), std::string(flag), fmt::format("write it as {}", form));
  }
  return std::pair{text.substr(0, equals), text.substr(equals + 1)};
}

NamedPath named_path(const std::string& text) {
  std::error_code ignored;
  const auto equals = text.find('=');
  const bool is_path =
      equals == std::string::npos || text.find('/') < equals ||
      (!std::filesystem::exists(text.substr(equals + 1), ignored) && std::filesystem::exists(text, ignored));
  if (!is_path) return {text.substr(0, equals), text.substr(equals + 1)};
  const std::filesystem::path path(text);
  const bool ends_in_slash = path.filename().empty();
  return {(ends_in_slash ? path.parent_path() : path).filename().stem().string(), path};
}

std::pair<std::filesystem::path, std::string> path_and_part(const std::filesystem::path& path) {
  const std::string text = path.string();
  const auto hash = text.find('#');
  std::error_code ignored;
  if (hash == std::string::npos || std::filesystem::exists(path, ignored)) return {path, {}};
  return {text.substr(0, hash), text.substr(hash + 1)};
}

std::string name_of_part(const std::string& part) {
  const std::string first = part.substr(0, part.find('#'));
  return first.substr(first.rfind('/') + 1);
}

Result<std::uint64_t> size_in_bytes(const std::string& text, std::string_view flag) {
  double value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string unit(end, text.data() + text.size());
  static const std::map<std::string, double> kUnits = {
      {"", 1},         {"B", 1},           {"kB", 1e3},    {"MB", 1e6},       {"GB", 1e9},         {"K", 1024.},
      {"M", 1048576.}, {"G", 1073741824.}, {"KiB", 1024.}, {"MiB", 1048576.}, {"GiB", 1073741824.}};
  const auto scale = kUnits.find(unit);
  if (status != std::errc() || scale == kUnits.end() || !(value > 0)) {
    return bad_input(fmt::format("'{}' is no size", text), std::string(flag), "write it as 2GiB or 512MB");
  }
  return static_cast<std::uint64_t>(value * scale->second);
}

SandboxMode sandbox_mode(const std::string& text) {
  if (text == "strict") return SandboxMode::STRICT;
  return text == "relaxed" ? SandboxMode::RELAXED : SandboxMode::OFF;
}

}  // namespace headroom::cli
