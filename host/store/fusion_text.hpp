// What a fusion has beside its scores, as the store keeps it: one JSON object.
#pragma once

#include <string>

#include "evaluation/run_results.hpp"

namespace headroom {

std::string fusion_text(const FusionOfFold& fusion);
// A JSON exception: the text is none of ours.
FusionOfFold fusion_of(const std::string& text);

}  // namespace headroom
