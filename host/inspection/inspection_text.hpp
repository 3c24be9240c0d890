// An inspection as text for people and as JSON for scripts. Names and texts of the file are foreign: shown as text.
#pragma once

#include <ostream>
#include <string>

#include "inspection/inspection.hpp"
#include "terminal/terminal_style.hpp"

namespace headroom {

// One fact a line, long lists one value a line; within the style's width.
void write_inspection(std::ostream& out, const Inspection& inspection, const TerminalStyle& style);

// An object: file, kind, fault (where there is one), then the facts by name; lists as arrays.
std::string inspection_json(const Inspection& inspection);

}  // namespace headroom
