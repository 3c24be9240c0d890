// How each kind of method is made in one split: the part of the table of kinds (plan/method_source.hpp) that needs
// deltas and workers.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "evaluation/embedding.hpp"
#include "evaluation/fold_data.hpp"
#include "evaluation/fusion.hpp"
#include "evaluation/run_results.hpp"
#include "evaluation/shared_work.hpp"
#include "plan/plan.hpp"

namespace headroom {

class CellWork;

// What a method may be made of.
struct MakerInputs {
  const Task& task;
  const NoiseTable* noise;  // null: there is none
  const RunOptions& options;
  const Roster& roster;
  const Plan& plan;
  const FoldData& fold;
  ContextWork& context;
  SplitWork& split;
  CellWork& cells;
  std::size_t context_index, split_index;  // in the plan, in the context's splits
  int n_threads;                           // of a worker that is started for it
};

// Why there is no embedding.
struct NoEmbedding {
  Status status = Status::skipped;
  std::string reason;
  std::optional<PluginFailure> failure = {};
};

using MadeEmbedding = tl::expected<std::shared_ptr<const Embedding>, NoEmbedding>;

// The vectors of an item whose kind goes through heads, one embedding at a time.
MadeEmbedding make_embedding(const PlanItem& item, const MakerInputs& inputs);

// The vectors of an embedding (in Roster::embeddings). Those that need no training part are asked for once, and then
// kept for all that use them in the context.
MadeEmbedding vectors_of(std::size_t plugin, const MakerInputs& inputs);

// Those of an item whose kind is of blocks. One that is not to be had fails them all, with its reason.
tl::expected<std::vector<FusedEmbedding>, NoEmbedding> make_blocks(const PlanItem& item, const MakerInputs& inputs);

// Fills the evaluation of a method whose kind goes through none.
void evaluate_without_head(const PlannedMethod& method, const MakerInputs& inputs, FoldEvaluation& evaluation);

// The inner products of the fold's training deltas. What they are taken from serves several bounds and every inner
// selection by errors.
std::shared_ptr<const Result<SharedMatrix>> training_gram(const MakerInputs& inputs);

// Scores predictions for all test rows.
void score(const MakerInputs& inputs, const Matrix& predictions, FoldEvaluation& evaluation);

// A worker's fault as the reason of a failed evaluation.
std::string sentence(const WorkerFault& fault);
PluginFailure failure_of(const std::string& plugin, const WorkerFault& fault);

}  // namespace headroom
