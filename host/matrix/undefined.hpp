// What stands where a number is undefined.
#pragma once

#include <limits>

namespace headroom {

inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

}  // namespace headroom
