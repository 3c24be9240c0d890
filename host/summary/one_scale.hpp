// The tables of a run as they are shown: one a task where bounds belong to the task.
#pragma once

#include "summary.pb.h"

namespace headroom {

// The tables of one context and metric whose bounds are the task's become one, without a head's name, with the methods
// of all of them: each once, in the order in which they first appear, and likewise comparisons and notes. Tables with
// bounds per head stay as they are.
RunSummary on_one_scale(const RunSummary& summary);

}  // namespace headroom
