// A head's final fit once more, in a worker of its own, and whether it scores as it did in the run.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "evaluation/embedding.hpp"
#include "evaluation/fold_data.hpp"
#include "evaluation/head.hpp"
#include "evaluation/run_results.hpp"
#include "plan/roster.hpp"

namespace headroom {

// The predictions with the setting that `submitted` chose. `context_name`: as the predictor is told.
Answer<Matrix> refit_afresh(const RosterEntry& head, const FoldEvaluation& submitted, const HeadFeatures& features,
                            const std::string& context_name, const FoldData& fold);

// The first metric in which these predictions of the embedding's covered test rows do not have the run's own score of
// every test perturbation, bit for bit. `metrics`: those of submitted.metric_values.
std::optional<Metric> metric_that_differs(const Target& target, const Matrix& predictions, const Embedding& embedding,
                                          const FoldData& fold, const FoldEvaluation& submitted,
                                          const std::vector<Metric>& metrics);

}  // namespace headroom
