// What a run was asked to do, as one target of several takes it: its own nulls, ceilings, metrics and heads.
#pragma once

#include "outcome/outcome.hpp"
#include "plan/run_options.hpp"
#include "plan/target.hpp"

namespace headroom {

// Names of nulls and ceilings that the target does not have are left out, and those that mean its own in the words of
// another target taken for them (train_mean for prior, sampling_error_q90 for sampling_error_q10); where none is left,
// or all of the default were asked for, the target has its own default. The heads are those of the protocol where none
// was named. Metrics: those of the target among the named ones; none of them: RunOptions::metrics is empty as where all
// are meant (see asks_for).
RunOptions options_of_target(RunOptions options, const Target& target);

// Error (bad_input): what the options evaluate, or the splits that they name, are nothing for the target: single cells
// are predicted by files of cells as raw counts alone, by the folds within contexts.
Result<void> require_predicted(const RunOptions& options, const Target& target);

// Whether any metric that the options name is the target's, or none is named; and whether there may be something to
// score: cells are never predicted by embeddings, nor told by deltas.
bool asks_for(const RunOptions& options, const Target& target);

}  // namespace headroom
