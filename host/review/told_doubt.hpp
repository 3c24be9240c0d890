// Doubts that a confined reader raises about a file which the host does not open: one line of its log each. The host
// takes the words as foreign, and judges by its own table how severe they are.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "review/doubt.hpp"

namespace headroom {

// At most 4,000 bytes: texts are cut.
std::string doubt_line(const Doubt& doubt);

// nullopt: no such line, or of a code that no reader of vectors or predictions raises. It is never accepted.
std::optional<Doubt> parse_doubt_line(std::string_view line);

}  // namespace headroom
