// What became of methods without numbers, for the terminal: those that share a reason stand together, and nothing is
// cut.
#pragma once

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "summary.pb.h"
#include "terminal/terminal_style.hpp"

namespace headroom {

// "failed a+knn, b+knn: crashed (SIGSEGV)", for every reason of the tables, which are of one context and head: the
// failed methods first, then the skipped ones. A method that is in several tables is told once.
struct Outcome {
  std::string status;
  std::string text;  // safe to show
};
std::vector<Outcome> methods_without_numbers(const std::vector<const ContextResult*>& tables);

// The text in as many lines of style.width columns as it takes, all but the first indented further.
void write_wrapped(std::ostream& out, std::string_view text, std::string_view indent, Ink ink,
                   const TerminalStyle& style);

}  // namespace headroom
