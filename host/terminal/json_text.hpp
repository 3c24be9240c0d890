// JSON whose texts are a stranger's, made safe to look at in an editor or a terminal.
#pragma once

#include <string>
#include <string_view>

namespace headroom {

// The same values in serialised JSON, with every character that acts instead of showing (code_point.hpp) as an escape:
// \u202e.
std::string escaped_json(std::string_view json);

}  // namespace headroom
