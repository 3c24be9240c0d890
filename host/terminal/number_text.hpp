// Numbers as people read them: the terminal's and the report's one way to write them. Files keep full precision
// instead.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace headroom {

// Four significant digits, without an exponent between 1e-4 and 1e6: "4.128", "0.003992", "-0.5", "2.1e-07". "–" for
// none.
std::string value_text(std::optional<double> value, bool unicode = true);

// One decimal and a percent sign: "57.2 %"; coarser far outside 0 to 100: "-1234 %", "1e+07 %". "–" for none.
std::string percent_text(std::optional<double> percent, bool unicode = true);

// "[50.1, 63.9]"; empty if either end is missing.
std::string interval_text(std::optional<double> low, std::optional<double> high, bool percent);

// "1,320"
std::string count_text(std::int64_t n);

// "0.8 s", "42 s", "3 min 12 s", "2 h 05 min", "4 d 07 h"
std::string duration_text(double seconds);

// "512 B", "1.5 MB", "2.1 GB" (powers of 1,000)
std::string bytes_text(double bytes);

}  // namespace headroom
