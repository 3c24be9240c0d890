// A comparison of cells as the message of summary.json.
#pragma once

#include <string>
#include <vector>

#include "suite.pb.h"
#include "suite/compare_cells.hpp"

namespace headroom {

// How numbers were made where the published rules leave it open, one sentence each.
std::vector<std::string> suite_rules(BaselineCells baseline, ExcludedTargets excluded);

SuiteResult suite_result(const CellComparison& comparison, const CompareOptions& options);

// One row per context and perturbation with every metric of the submission and the baseline, and the cells.
std::string suite_perturbations_csv(const CellComparison& comparison);

}  // namespace headroom
