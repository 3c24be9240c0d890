// Which of two files a column flag of `headroom score` speaks of.
#pragma once

#include "cli/command_line.hpp"
#include "outcome/outcome.hpp"

namespace headroom::cli {

// A flag such as --pert-col speaks of the task and of the predictions: each takes the column where it has it, and one
// of them must (a task that `prepare` made has columns of its own beside predictions that keep the lab's). Takes from
// the task's flags what the task lacks, and tells the predictions what they must have. Errors: the task cannot be
// opened.
Result<void> share_columns(RunArguments& arguments);

}  // namespace headroom::cli
