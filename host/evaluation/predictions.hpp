// Finished predictions as a method: asked of the shipped reader in a worker of its own, and scored as a head's are.
#pragma once

#include "evaluation/fold_data.hpp"
#include "matrix/matrix.hpp"
#include "plan/roster.hpp"
#include "plan/run_options.hpp"
#include "plugin_host/worker_fault.hpp"
#include "plugin_host/worker_session.hpp"
#include "task/task.hpp"

namespace headroom {

struct FinishedPredictions {
  RowIndex covered_tests;  // positions in FoldData::test, ascending
  Matrix values;           // planes · covered test rows × genes, plane below plane, finite
  WorkerUsageSoFar usage;
};

// Asks for the test rows of one context and fold. A predicted profile becomes a delta by subtracting the task's own
// control profile, which the context must have (require_controls). Of a task of classes, each class is asked for by
// itself, and probabilities that sum to 1 but for the rounding of single precision are made to; of predicted cells,
// labels are called against the task's control cells. Fails with the worker's fault, or with BAD_OUTPUT where the
// answer is no delta per gene, or no probabilities, or too few cells for any label.
Answer<FinishedPredictions> ask_for_predictions(const RosterEntry& entry, PredictedForm form, const Task& task,
                                                const FoldData& fold, std::uint32_t seed);

// Predicted cells and profiles can only be compared where the task keeps the control of every context: its profile, and
// of a task of classes the moments of its cells. The error says why it does not.
Result<void> require_controls(const Task& task, PredictedForm form);

}  // namespace headroom
