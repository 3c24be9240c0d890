// Whether a ceiling of the deltas' metrics is to be told as "about" so much.
#pragma once

#include <string_view>

#include "protocol/metrics.hpp"

namespace headroom {

// `method`: as results name it. False of methods that are no depth-right ceilings.
bool is_about_ceiling(std::string_view method, Metric metric);

}  // namespace headroom
