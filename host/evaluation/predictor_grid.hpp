// The settings that a predictor is tried with.
#pragma once

#include <set>
#include <string>

#include "outcome/outcome.hpp"
#include "plan/hyperparameter_grid.hpp"
#include "plan/roster.hpp"
#include "plan/run_options.hpp"

namespace headroom {

// The predictor's own values, replaced where the user named others (--grid). Keys that are used are taken out of
// `unused`. Errors (bad_input): no value, one outside what the predictor declares, too many combinations.
Result<HyperparameterGrid> make_grid(const RosterEntry& entry, const RunOptions& options,
                                     std::set<std::string>& unused);

}  // namespace headroom
