// Whether a ceiling that is made of cells is to be told as "about" so much, by the back-test of its metric: of deltas
// or of predicted cells.
#pragma once

#include <string_view>

#include "protocol/metrics.hpp"
#include "protocol/target_exclusion.hpp"

namespace headroom {

// `method`: as results name it. False of methods that are no depth-right ceilings. `excluded`: genes that the run's
// metrics leave out.
bool is_about_ceiling(std::string_view method, Metric metric, ExcludedTargets excluded);

}  // namespace headroom
