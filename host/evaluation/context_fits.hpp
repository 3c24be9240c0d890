// A head fitted on each context that is trained on by itself, its prediction the mean over these fits (--per-context):
// what one context says of another is then not weighed against what its own rows say of each other.
#pragma once

#include <vector>

#include "evaluation/embedding.hpp"
#include "evaluation/fold_data.hpp"
#include "evaluation/head.hpp"
#include "matrix/matrix.hpp"
#include "parallel/thread_pool.hpp"
#include "plan/run_options.hpp"
#include "task/task.hpp"

namespace headroom {

struct ContextFit {
  FoldData fold;  // the training rows of one context, and all tests
  HeadFeatures features;
};

// One for each context with enough training rows that the embedding covers. Fails with a sentence where none has.
Result<std::vector<ContextFit>> make_context_fits(const Embedding& embedding, const Task& task, const FoldData& fold,
                                                  const RunOptions& options, ThreadPool& pool);

// As evaluate_head(): the mean prediction, with the setting and the inner scores of the first fit.
Answer<HeadOutcome> evaluate_each_context(const Target& target, WorkerSession& predictor,
                                          const HyperparameterGrid& grid, const std::vector<ContextFit>& fits,
                                          const Task& task);

}  // namespace headroom
