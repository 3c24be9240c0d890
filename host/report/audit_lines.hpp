// The audit in the terminal: one line a method. The details stand in summary.json and in the report.
#pragma once

#include <ostream>

#include "summary.pb.h"
#include "terminal/terminal_style.hpp"

namespace headroom {

// Nothing where the run was not audited. A method whose probes passed is told with their number, another with the
// probes that did not pass and their contexts. Lines are at most style.width columns.
void draw_audit(std::ostream& out, const RunSummary& summary, const TerminalStyle& style);

}  // namespace headroom
