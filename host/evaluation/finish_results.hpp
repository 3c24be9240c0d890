// What is told of a run once all of its evaluations are there, or as many as there will be: the status of every method,
// and how much of what was tested each plugin knows.
#pragma once

#include "evaluation/run_results.hpp"
#include "plan/roster.hpp"

namespace headroom {

// Fills statuses, plugins, what these said, and submissions. A method is ok if every split is; else it has the status and reason of the
// first split that is not.
void finish_results(const Roster& roster, RunResults& results);

}  // namespace headroom
