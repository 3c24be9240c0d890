// The evaluation of a method that is the mean over several evaluations: the null of several random embeddings.
#pragma once

#include <vector>

#include "evaluation/run_results.hpp"

namespace headroom {

// The mean over parts, at least one, of every per-perturbation value; the first part's hyperparameters stand for all. A
// part without numbers stands for the whole.
FoldEvaluation mean_over_parts(const std::vector<FoldEvaluation>& parts);

}  // namespace headroom
