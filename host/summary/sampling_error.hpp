// The sampling-error cheater among a context's methods: each perturbation's own noise quantile (protocol section 6).
#pragma once

#include "evaluation/run_results.hpp"

namespace headroom {

// Null where the run has none (no cells and no noise table, or it was skipped).
const MethodEvaluation* sampling_error_of(const ContextEvaluation& context);

}  // namespace headroom
