// A prediction with its genes in the right order and without its control rows: the two faults that can be put right
// without losing or inventing anything.
#pragma once

#include <filesystem>

#include "outcome/outcome.hpp"
#include "suite/prediction_check.hpp"

namespace headroom {

// Writes `out` from `path`: X by rows (whole counts as float32), and the tables. Errors (bad_input): the genes are not
// those of the rules, so that reordering would lose or invent some; a matrix that lies gene by gene.
Result<void> write_fixed_prediction(const std::filesystem::path& path, const PredictionRules& rules,
                                    const CellPanelOptions& options, const std::filesystem::path& out);

}  // namespace headroom
