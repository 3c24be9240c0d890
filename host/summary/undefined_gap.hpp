// Why there is no percentage between two bounds, in words for people.
#pragma once

#include <string>

#include "summary.pb.h"

namespace headroom {

// Why no percentage is meaningful between these bounds; empty where it is.
std::string why_undefined(const GapResult& gap);

// The ceiling that leaves a gap where these bounds leave none, with the flag that takes it; empty where there is none.
std::string other_ceiling_text(const ContextResult& context);

}  // namespace headroom
