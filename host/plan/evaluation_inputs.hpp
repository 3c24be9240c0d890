// Where the inputs of an evaluation's key come from: the task, the options and the plugins.
//
// Not among them: what decides only how results are read (ceiling, metrics, intervals) and what must not change a
// number (threads, limits). A limit that was hit makes a failure, and failures are tried again.
#pragma once

#include "plan/evaluation_key.hpp"
#include "plan/roster.hpp"
#include "plan/run_options.hpp"
#include "plan/split.hpp"
#include "task/noise_table.hpp"
#include "task/task.hpp"

namespace headroom {

// The input that says for which processors a number was made (RunOptions::kernels).
inline constexpr const char* kKernelsInput = "kernels";

// What every evaluation of a split comes from: Headroom itself, the task and how it was cut.
EvaluationInputs inputs_of_split(const RunOptions& options, const Task& task, const Split& split);

// A null or a plugin through a head: its library, options and grid, and the selection.
void add_head_inputs(EvaluationInputs& inputs, const RunOptions& options, const RosterEntry& head);
// The names of the task's genes in order, for whoever looks at them: hashed once a run.
EvaluationInput gene_input(const Task& task);
// An embedding that a plugin makes, with the genes if it is shown the training part.
void add_embedding_inputs(EvaluationInputs& inputs, const RosterEntry& embedding, const EvaluationInput& genes);
// The noise table; nullptr: that there was none.
void add_noise_inputs(EvaluationInputs& inputs, const NoiseTable* noise);

}  // namespace headroom
