// Raw results of a method as the bounds take them.
#pragma once

#include <cstddef>

#include "bounds/gap.hpp"
#include "evaluation/run_results.hpp"

namespace headroom {

// What the method competes for: nulls for the WAP, cheaters in the ceiling for the BAP, others for nothing.
Competes competes(const MethodEvaluation& method);

// Its values of one metric (a position in RunResults::metrics), one element a fold of the context.
GapMethod gap_method(const MethodEvaluation& method, std::size_t metric, std::size_t n_folds);

}  // namespace headroom
