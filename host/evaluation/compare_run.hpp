// The embeddings of a run compared with each other, once its evaluations are made.
#pragma once

#include <memory>
#include <stop_token>
#include <vector>

#include "evaluation/run_results.hpp"
#include "evaluation/shared_work.hpp"
#include "parallel/thread_pool.hpp"
#include "plan/plan.hpp"
#include "plan/roster.hpp"
#include "plan/run_options.hpp"
#include "task/task.hpp"

namespace headroom {

// One similarity per context with at least two embeddings to compare; those made from training labels are left out,
// since they differ from fold to fold. `works`: per context of the plan, with what the run left there. What nobody had
// to ask for, since all of its evaluations were taken over, is asked for now; what could not be had before is not asked
// again.
std::vector<EmbeddingSimilarity> compare_embeddings_of_run(const Task& task, const RunOptions& options,
                                                           const Roster& roster, const Plan& plan,
                                                           const std::vector<std::unique_ptr<ContextWork>>& works,
                                                           ThreadPool& pool, const std::stop_token& stop);

}  // namespace headroom
