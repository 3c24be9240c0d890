// The probe `asked-alone` of the audit. Workers of one submission for different folds hold each other's test labels. If
// they found a way to talk, what they answer depends on who lives beside them or came before: so each is asked again
// when nobody else is, from the last fold to the first, and must have the run's own scores, bit for bit.
#pragma once

#include <stop_token>
#include <vector>

#include "evaluation/run_results.hpp"
#include "parallel/thread_pool.hpp"
#include "plan/roster.hpp"
#include "plan/run_options.hpp"
#include "task/task.hpp"

namespace headroom {

// One result for every method of the context that has a supervised embedding or a submitted predictor, over all folds
// in which it was evaluated; in the order of embeddings and heads. Costs a request for vectors per fold and supervised
// embedding, and a refit per fold and method.
std::vector<AuditResult> ask_alone(const Task& task, const RunOptions& options, const Roster& roster,
                                   const RunResults& results, const ContextEvaluation& context, ThreadPool& pool,
                                   const std::stop_token& stop);

}  // namespace headroom
