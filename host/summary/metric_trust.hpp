// Whether a metric can rank models on a task: how well it tells cells that were measured again from a null, and which
// differences between methods it tells from none.
#pragma once

#include <cstddef>
#include <vector>

#include "bounds/gap.hpp"
#include "bounds/resampling.hpp"
#include "evaluation/run_results.hpp"
#include "summary.pb.h"

namespace headroom {

// DRF and BDS of one metric in one table (bounds/calibration.hpp), once a duplicate that the run has: the second
// screen, and the interpolated duplicate. The null is the train mean (of cells the mean response), or where it has no
// value (Pearson_pert) no change. `methods`: of the table; `gap_methods`: their values.
void add_calibration(const std::vector<const MethodEvaluation*>& methods, const std::vector<GapMethod>& gap_methods,
                     Metric metric, ContextResult& result);

// Half the width of the 95 % interval of the difference between two methods, over pairs that are neighbours in the
// ranking (at most kMostPairs of them, evenly); the median. Plugins, or where there are fewer than two of them the
// nulls and cheaters that predict.
inline constexpr std::size_t kMostPairs = 30;
void add_resolution(const std::vector<const MethodEvaluation*>& methods, const std::vector<GapMethod>& gap_methods,
                    const GapReport& report, bool higher_is_better, const TestResamples& resamples,
                    ContextResult& result);

// "DRF 0.45, BDS 98 %", of the variant that is told first; empty where there is no calibration.
std::string calibration_text(const ContextResult& result);
// "differences below 0.12 (3.4 % of the gap) are not told apart at 95 %"; empty where it is not known.
std::string resolution_text(const ContextResult& result);

}  // namespace headroom
