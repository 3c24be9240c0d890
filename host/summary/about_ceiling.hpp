// Whether a ceiling that is made of cells is to be told as "about" so much, by the back-test of its metric: of deltas or
// of predicted cells.
#pragma once

#include <string_view>

#include "protocol/metrics.hpp"

namespace headroom {

// `method`: as results name it. False of methods that are no depth-right ceilings.
bool is_about_ceiling(std::string_view method, Metric metric);

}  // namespace headroom
