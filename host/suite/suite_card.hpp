// The official card of a suite on the terminal.
#pragma once

#include <ostream>

#include "suite.pb.h"
#include "terminal/table.hpp"
#include "terminal/terminal_style.hpp"

namespace headroom {

// Per context u, b, r and s of each member with the context's score, what an exact copy would be given, and the share
// of the way to the ceiling; then the rules.
void draw_suite_card(std::ostream& out, const SuiteResult& suite, const TerminalStyle& style);

// The same as one table: a row a context and member, and one for the score.
Table suite_table(const SuiteResult& suite);

}  // namespace headroom
