// The review of a file as facts: what a command would understand, leave out and doubt, printed alone.
#pragma once

#include <vector>

#include "io/file_facts.hpp"
#include "review/review.hpp"

namespace headroom {

// "understood", "left_out" and "doubts", each only where there is something.
std::vector<Fact> review_facts(const Review& review);

}  // namespace headroom
