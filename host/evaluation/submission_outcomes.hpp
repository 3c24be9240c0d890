// What became of each submission of a run.
#pragma once

#include <vector>

#include "evaluation/run_results.hpp"
#include "plan/roster.hpp"

namespace headroom {

// Ok, or how it failed first, in the order of contexts, methods and splits; one outcome a submission, in their order.
std::vector<SubmissionOutcome> submission_outcomes(const Roster& roster,
                                                   const std::vector<ContextEvaluation>& contexts);

// For people, of hundreds: those that are ok first, then by verdict; in their order among the same.
std::vector<SubmissionOutcome> sorted_by_outcome(std::vector<SubmissionOutcome> outcomes);

}  // namespace headroom
