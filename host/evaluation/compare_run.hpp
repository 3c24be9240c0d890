// The embeddings of a run compared with each other, once its evaluations are made.
#pragma once

#include <compare>
#include <memory>
#include <optional>
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

// An embedding of a context of the plan.
struct ComparedEmbedding {
  std::size_t context = 0, embedding = 0;
  friend auto operator<=>(const ComparedEmbedding&, const ComparedEmbedding&) = default;
};

// A run with more compares none: pairs grow with the square, and a thousand embeddings already write 60 MB of them.
inline constexpr std::size_t kMostComparedEmbeddings = 1000;

// Those that these items of the plan ask and that are compared, in ascending order; none where the run compares
// nothing.
std::vector<ComparedEmbedding> compared_of_items(const RunOptions& options, const Roster& roster, const Plan& plan,
                                                 const std::vector<std::size_t>& items);

EmbeddingKey key_of_compared(const ComparedEmbedding& at, const Task& task, const RunOptions& options,
                             const Roster& roster, const Plan& plan);

// Whether what was kept is of the perturbations that the embedding is asked for.
bool fits(const LeadingComponents& kept, const ComparedEmbedding& at, const Task& task, const Plan& plan);

// What the embedding is compared by: as the run left it in `works` (per context of the plan) or, where nobody had to
// ask for it, since all of its evaluations were taken over, made now. None: there is nothing to compare it by.
std::shared_ptr<const std::optional<LeadingComponents>> components_of(
    const ComparedEmbedding& at, const Task& task, const RunOptions& options, const Roster& roster, const Plan& plan,
    const std::vector<std::unique_ptr<ContextWork>>& works);

// One similarity per context with at least two embeddings to compare; those made from training labels are left out,
// since they differ from fold to fold. What could not be had before is not asked again.
std::vector<EmbeddingSimilarity> compare_embeddings_of_run(const Task& task, const RunOptions& options,
                                                           const Roster& roster, const Plan& plan,
                                                           const std::vector<std::unique_ptr<ContextWork>>& works,
                                                           ThreadPool& pool, const std::stop_token& stop);

}  // namespace headroom
