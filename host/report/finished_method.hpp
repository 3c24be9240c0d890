// One line on a method that has gone through all folds of a context, while the run goes on.
#pragma once

#include <string>
#include <vector>

#include "evaluation/run_results.hpp"
#include "summary.pb.h"
#include "terminal/terminal_style.hpp"

namespace headroom {

// "lineA  good+knn  │███████▋   │  64.3 %  L2 8.21  12 s": the bar as in the final table, without the interval, which
// comes with all methods; or why the method failed. `results` are those of a run that goes on: only the method itself,
// which is a plugin's, and the context's nulls and cheaters are read.
std::string finished_method_line(const RunResults& results, const ContextEvaluation& context,
                                 const MethodEvaluation& method, const TerminalStyle& style);

// The same lines of a run that ended earlier, of all its plugins' methods.
std::vector<std::string> finished_method_lines(const RunSummary& summary, const TerminalStyle& style);

}  // namespace headroom
