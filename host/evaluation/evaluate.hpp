// The run: the items of a plan carried out through the fixed protocol, on a bounded number of threads. Items are
// independent and write to places of their own, so results do not depend on the number of threads.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "evaluation/evaluation_store.hpp"
#include "evaluation/load_roster.hpp"
#include "evaluation/run_results.hpp"
#include "outcome/outcome.hpp"
#include "parallel/progress.hpp"
#include "parallel/thread_pool.hpp"
#include "plan/plan.hpp"
#include "plan/run_options.hpp"
#include "review/review.hpp"
#include "task/noise_table.hpp"
#include "task/task.hpp"

namespace headroom {

// Hears of every plugin's method as soon as it has gone through all splits of a context and the bounds there are known.
// Called from one thread at a time; of the results, only the method and the context's nulls, cheaters and references
// are complete then.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void method_finished(const RunResults& results, const ContextEvaluation& context,
                               const MethodEvaluation& method) = 0;
};

struct RunOutcome {
  RunResults results;
  std::optional<Error> error;  // set: the results are incomplete
};

// A run whose plugins are introduced and whose evaluations are known, before any of them is made: who keeps earlier
// ones can tell what is left to do. Everything that it was given outlives it.
class PlannedRun {
 public:
  // As evaluate() below. Of the task, the deltas may still be empty; they must be there when evaluate() is called. So
  // may files of vectors be left unread until then. `roster`: where it was loaded before, for this task and these
  // options.
  static Result<PlannedRun> plan(const Task& task, const NoiseTable* noise, const RunOptions& options, ThreadPool& pool,
                                 Progress& progress, std::stop_token stop, EvaluationStore* store = nullptr,
                                 RunObserver* observer = nullptr, VectorFiles vector_files = VectorFiles::read,
                                 std::optional<Roster> roster = std::nullopt);
  PlannedRun(PlannedRun&&) noexcept;
  PlannedRun& operator=(PlannedRun&&) noexcept;
  ~PlannedRun();

  // Until evaluate(): the settings that take effect, and every context with its splits and methods, without values.
  const RunResults& results() const;
  const Plan& plan() const;
  std::vector<PluginOfRun> plugins() const;
  // All that the store will be asked for, in that order.
  std::vector<EvaluationKey> evaluations() const;
  std::int64_t n_steps() const;  // of progress

  // Reads those files of vectors that were left unread and of which something is left to evaluate, and raises what is
  // doubtful about them. The others were answered for when they were evaluated. `has_all`: whether an earlier run kept
  // all of these evaluations.
  using HasAll = std::function<Result<bool>(const std::vector<EvaluationKey>&)>;
  Result<void> read_files_left(const HasAll& has_all, const FileReview& files, Review& review);

  // One of these, once.
  RunOutcome evaluate();

  // A shard: only these items of the plan, each method of an item kept by itself under its part_key_of(). The results
  // are of no use before all shards are gathered.
  Result<void> evaluate_items(const std::vector<std::size_t>& items);

  // What shards kept: every part is recalled. Nothing is evaluated, so that what was not kept stays "not run"; what is
  // found by looking at everything at once (comparisons of embeddings, the audit) is found now.
  RunOutcome gather();
  // Has every evaluation that was gathered remembered, in the order of items. It only reads the results, so that they
  // may be summarised meanwhile.
  Result<void> keep(const RunResults& gathered);
  // All that gather() will recall of an item.
  std::vector<EvaluationKey> parts_of(std::size_t item) const;
  // What a shard of these items keeps of its embeddings to compare them by.
  std::vector<EmbeddingKey> compared_of(const std::vector<std::size_t>& items) const;

 private:
  class State;
  explicit PlannedRun(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Evaluates everything that `options` names. A plugin's fault becomes that method's failed row; an Error is returned
// only where nothing sensible can be computed: bad options, a harness fault, a sandbox that is not to be had. After a
// stop request the evaluations that have ended are in the results and the error kind is `interrupted`.
// `noise`, `store` and `observer` may be null.
RunOutcome evaluate(const Task& task, const NoiseTable* noise, const RunOptions& options, ThreadPool& pool,
                    Progress& progress, std::stop_token stop, EvaluationStore* store = nullptr,
                    RunObserver* observer = nullptr);

}  // namespace headroom
