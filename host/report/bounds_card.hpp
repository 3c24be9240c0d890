// The bounds of a task, before any plugin: what the field can expect to rank there, per context, head and metric.
#pragma once

#include <ostream>

#include "summary.pb.h"
#include "terminal/table.hpp"
#include "terminal/terminal_style.hpp"

namespace headroom {

// Whether the metric can rank methods there, in words: "yes", "no: BAP is not better than WAP", "no: the gap may be 0",
// "no: a bound is missing".
std::string ranking_verdict(const GapResult& gap);

// One card a context and head: per metric WAP and BAP with the methods that bind, the gap with its 95 % interval, its
// share of WAP (dynamic range), and whether the metric can rank. Skipped nulls and cheaters follow with their reasons.
void draw_bounds_card(std::ostream& out, const RunSummary& summary, const TerminalStyle& style);

// The same as one table, for --format csv and json.
Table bounds_table(const RunSummary& summary);

}  // namespace headroom
