// The answer of a run in the terminal: per context (and head, with bounds per head) one labelled bar a method, between
// WAP and BAP.
#pragma once

#include <optional>
#include <ostream>
#include <string>

#include "summary.pb.h"
#include "terminal/terminal_style.hpp"

namespace headroom {

// Draws every context of one metric, on one scale where the bounds are the task's, in lines of at most style.width
// columns. A bar runs from WAP (0 %) to BAP (100 %): solid up to the low end of the interval, shaded to the value,
// light to the interval's high end; an arrow at its end says that the value lies outside. Methods that failed or were
// skipped follow with their reasons, uncut.
void draw_method_bars(std::ostream& out, const RunSummary& summary, const std::string& metric,
                      const TerminalStyle& style);

// The bar alone, `width` cells between its two ends (width + 2 columns). Without a percentage it is empty.
std::string method_bar(std::optional<double> percent, std::optional<double> low, std::optional<double> high, int width,
                       bool unicode);

}  // namespace headroom
