// The probe `twin-vectors` of the audit. A test perturbation that has the very vector of a training one is looked up,
// not predicted: where the two are one thing under two names, the head is given the label.
#pragma once

#include <cstdint>

#include "evaluation/embedding.hpp"
#include "evaluation/run_results.hpp"
#include "task/task.hpp"

namespace headroom {

struct TwinVectors {
  std::int64_t n_twins = 0;  // covered test perturbations with the vector of a covered training perturbation
  std::int64_t n_tests = 0;  // covered test perturbations
};

// Over the first `n_folds` evaluated folds of the context. Vectors are equal if all their numbers are.
TwinVectors count_twin_vectors(const Embedding& embedding, const ContextEvaluation& context, std::size_t n_folds);

}  // namespace headroom
