// What the blocks of fusions count, for the terminal: coverage, weight, and what is lost without each (--ablate).
#pragma once

#include <ostream>

#include "summary.pb.h"
#include "terminal/terminal_style.hpp"

namespace headroom {

// One row a context, fusion and block, in the primary metric. Nothing where the run has no fusion.
void draw_fusions(std::ostream& out, const RunSummary& summary, const TerminalStyle& style);

}  // namespace headroom
