// Raw results of a method as the bounds take them.
#pragma once

#include <cstddef>
#include <vector>

#include "bounds/gap.hpp"
#include "evaluation/run_results.hpp"

namespace headroom {

// What the method competes for: nulls for the WAP, cheaters in the ceiling for the BAP, others for nothing.
Competes competes(const MethodEvaluation& method);

// What methods of one table compete for in one metric. Where a sampling error in the ceiling has no value of the
// metric, as of those that prepare does not resample, the depth-right ceiling takes its place if it has one, else the
// closed form (protocol section 6).
std::vector<GapMethod> gap_methods_of(const std::vector<const MethodEvaluation*>& methods, std::size_t metric,
                                      std::size_t n_folds);

// Its values of one metric (a position in RunResults::metrics), one element a fold of the context.
GapMethod gap_method(const MethodEvaluation& method, std::size_t metric, std::size_t n_folds);

}  // namespace headroom
