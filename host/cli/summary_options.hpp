// What a summary takes beside the results: groups of perturbations from a file, and how many cells perturbations have.
#pragma once

#include "cli/command_line.hpp"
#include "outcome/outcome.hpp"
#include "summary/summary.hpp"
#include "task/noise_table.hpp"

namespace headroom::cli {

// Reads the file of --strata, if one is named. Counts of cells are looked up in `noise` (null: none are known), which
// must outlive what is returned.
Result<SummaryOptions> summary_options(const RunArguments& arguments, const NoiseTable* noise);

}  // namespace headroom::cli
