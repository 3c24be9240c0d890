// Text from others (method names, reasons, paths) made safe to show in a terminal, and measured in terminal columns.
// A name is data: it may hold escape sequences, right-to-left overrides or 300 emoji, and must not move the cursor,
// change colours, reorder the line or break the layout. Every renderer of the terminal passes foreign text through
// here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headroom {

// The text as one line of valid UTF-8 without any character that acts instead of showing: control characters, bidi
// controls, zero-width characters, line separators and unassigned tags are written as \xNN or \u{NNNN}, as are invalid
// bytes; of a pile of combining marks the first two stay.
std::string display_text(std::string_view foreign);

// Columns that a text of display_text() takes: wide East Asian characters and emoji 2, combining marks 0, the rest 1.
int display_width(std::string_view text);

// The text in exactly `width` columns (>= 0): padded with blanks at its right (or its left), or cut in its middle,
// where `ellipsis` stands for what was cut, because the ends tell names apart.
std::string fit_left(std::string_view text, int width, std::string_view ellipsis = "…");
std::string fit_right(std::string_view text, int width, std::string_view ellipsis = "…");

// The text in lines of at most `width` columns, broken at blanks, and within a word only where that is longer by
// itself. Nothing is left out but the blanks at which lines are broken. All lines but the first begin with `indent`,
// beside which 2 columns or more are left. No text: no lines.
std::vector<std::string> wrapped(std::string_view text, int width, std::string_view indent = "");

// At most `width` columns, cut as above, not padded.
std::string shortened(std::string_view text, int width, std::string_view ellipsis = "…");

}  // namespace headroom
