// What a run was asked to do, as one target of several takes it: its own nulls, ceilings, metrics and heads.
#pragma once

#include "plan/run_options.hpp"
#include "plan/target.hpp"

namespace headroom {

// Names of nulls and ceilings that the target does not have are left out, and those that mean its own in the words of
// another target taken for them (train_mean for prior, sampling_error_q90 for sampling_error_q10); where none is left,
// or all of the default were asked for, the target has its own default. The heads are those of the protocol where none
// was named. Metrics: those of the target among the named ones; none of them: RunOptions::metrics is empty as where all
// are meant (see asks_for).
RunOptions options_of_target(RunOptions options, const Target& target);

// Whether any metric that the options name is the target's, or none is named.
bool asks_for(const RunOptions& options, const Target& target);

}  // namespace headroom
