// scores.csv: one row per context, fold and method, with the mean of every metric over the fold's test perturbations.
#pragma once

#include <string>

#include "summary.pb.h"

namespace headroom {

// Columns: dataset, context, fold, name, embedding, predictor, role, status, primary_metric, one per metric,
// gap_closed, audit. dataset is the task's name; audit is the method's worst outcome in the context, empty where the
// run was not audited; gap_closed is the primary metric's, by the fold's own bounds, in the table of the method's head
// (of the first head for methods that stand in every head's table). Undefined numbers are empty fields. Methods that
// failed or were skipped as a whole have one row with an empty fold.
std::string scores_csv(const RunSummary& summary);

}  // namespace headroom
