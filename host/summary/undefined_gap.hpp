// Why there is no percentage between two bounds, in words for people.
#pragma once

#include <string>

#include "summary.pb.h"

namespace headroom {

// Why no percentage is meaningful between these bounds; empty where it is.
std::string why_undefined(const GapResult& gap);

}  // namespace headroom
