#include "terminal/number_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace headroom {
namespace {

const char* none(bool unicode) { return unicode ? "–" : "-"; }

// One decimal, none from 1,000 on, an exponent from 100,000 on: a percentage far outside 0 to 100 needs no digits.
std::string percent_number(double percent) {
  const double magnitude = std::abs(percent);
  if (magnitude >= 99'999.5) return fmt::format("{:.0e}", percent);
  return fmt::format("{:.{}f}", percent == 0 ? 0.0 : percent, magnitude >= 999.95 ? 0 : 1);
}

}  // namespace

std::string value_text(std::optional<double> value, bool unicode) {
  if (!value || !std::isfinite(*value)) return none(unicode);
  if (*value == 0) return "0";
  const double magnitude = std::abs(*value);
  if (magnitude < 1e-4 || magnitude >= 1e6) return fmt::format("{:.2g}", *value);
  const int decimals = std::max(0, 3 - static_cast<int>(std::floor(std::log10(magnitude))));
  return fmt::format("{:.{}f}", *value, decimals);
}

std::string percent_text(std::optional<double> percent, bool unicode) {
  if (!percent || !std::isfinite(*percent)) return none(unicode);
  return percent_number(*percent) + " %";
}

std::string interval_text(std::optional<double> low, std::optional<double> high, bool percent) {
  if (!low || !high || !std::isfinite(*low) || !std::isfinite(*high)) return "";
  if (percent) return fmt::format("[{}, {}]", percent_number(*low), percent_number(*high));
  return fmt::format("[{}, {}]", value_text(*low), value_text(*high));
}

std::string count_text(std::int64_t n) {
  std::string digits = fmt::format("{}", n < 0 ? -n : n);
  for (int i = static_cast<int>(digits.size()) - 3; i > 0; i -= 3) digits.insert(static_cast<std::size_t>(i), 1, ',');
  return n < 0 ? "-" + digits : digits;
}

std::string duration_text(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "-";
  if (seconds < 9.95) return fmt::format("{:.1f} s", seconds);
  const auto s = static_cast<std::int64_t>(std::llround(seconds));
  if (s < 60) return fmt::format("{} s", s);
  if (s < 3600) return fmt::format("{} min {:02} s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{} h {:02} min", s / 3600, s / 60 % 60);
  return fmt::format("{} d {:02} h", s / 86400, s / 3600 % 24);
}

std::string bytes_text(double bytes) {
  constexpr std::array<const char*, 5> units = {"B", "kB", "MB", "GB", "TB"};
  std::size_t unit = 0;
  while (unit + 1 < units.size() && bytes >= 999.5) {
    bytes /= 1000;
    ++unit;
  }
  return fmt::format("{:.{}f} {}", bytes, unit == 0 || bytes >= 99.95 ? 0 : 1, units[unit]);
}

}  // namespace headroom
