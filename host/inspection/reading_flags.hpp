// The flags that say how a file is read and answer doubts about it, for whatever it turns out to be: `headroom inspect`
// takes them, and hands them to the confined reader as one text.
#pragma once

#include <string>
#include <string_view>

#include "cells/prepare.hpp"
#include "outcome/outcome.hpp"
#include "review/review.hpp"
#include "task/task.hpp"

namespace headroom {

struct ReadingFlags {
  PrepareOptions cells;
  TaskOptions task;
  ReviewOptions review;
};

// What deltas have in common with cells is given once, as of cells; this repeats it.
void share_flags(ReadingFlags& flags);

// As JSON. Files that flags name (folds, genes, a cell table) are left out: a confined
// reader sees none but its own.
std::string reading_flags_text(const ReadingFlags& flags);
// As it was before, with what is shared. Error (bad_input): no such text.
Result<ReadingFlags> parse_reading_flags(std::string_view text);

}  // namespace headroom
