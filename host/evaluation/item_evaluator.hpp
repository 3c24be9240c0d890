// How the items of a plan are evaluated: embeddings are asked, go through the heads of the item's methods, and what
// these predict is scored. Which items, when, and what becomes of their evaluations is the run's affair.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "evaluation/cell_work.hpp"
#include "evaluation/context_fits.hpp"
#include "evaluation/head.hpp"
#include "evaluation/method_makers.hpp"
#include "evaluation/patience.hpp"
#include "evaluation/shared_work.hpp"
#include "evaluation/submission_budget.hpp"
#include "parallel/progress.hpp"
#include "parallel/thread_pool.hpp"
#include "plan/plan.hpp"

namespace headroom {

// Where the evaluations of items go. Called from several threads, for different items.
class ItemResults {
 public:
  virtual ~ItemResults() = default;
  // The evaluation that an item makes of its method m (in the plan), to be filled.
  virtual FoldEvaluation& part(const PlanItem& item, std::size_t m) = 0;
  // It is filled.
  virtual void conclude_part(const PlanItem& item, std::size_t m) = 0;
  // What ends the whole run.
  virtual void fail(const Error& error) = 0;
};

class ItemEvaluator {
 public:
  // Everything must outlive it. `works`: per context of the plan; `n_items_left`: of the run, not worked on yet or just
  // now.
  ItemEvaluator(const Task& task, const NoiseTable* noise, const RunOptions& options, const Roster& roster,
                const Plan& plan, const std::vector<std::unique_ptr<ContextWork>>& works,
                const std::atomic<std::size_t>& n_items_left, ItemResults& results, ThreadPool& pool,
                Progress& progress, std::stop_token stop);

  // These methods of the item. Where the machine has no memory for one, it is a failed evaluation.
  void evaluate(const PlanItem& item, const std::vector<std::size_t>& methods);

  // Asks an embedding (in Roster::embeddings) for the vectors of the item's context, which are kept for all that use
  // them.
  void ask(std::size_t plugin, const PlanItem& item, int n_threads);

  // Scores the cells that a method (in the plan) shares among the splits of the item's context, on all threads.
  void share_cells(const PlanItem& item, std::size_t m);

 private:
  // What an item could not do for want of memory are its own failed rows: the others go on.
  void fail_for_memory(const PlanItem& item, const std::vector<std::size_t>& methods);
  // Calls use(inputs) with what the item's methods are made of; a worker that is started for them may use n_threads.
  void with_inputs(const PlanItem& item, int n_threads, const std::function<void(const MakerInputs&)>& use);
  // What items share in a context, before any of them; `name` is shown as what is worked on.
  void make_early(const PlanItem& item, const std::string& name, int n_threads,
                  const std::function<void(const MakerInputs&)>& make);
  void evaluate_with(const PlanItem& item, const std::vector<std::size_t>& methods, const MakerInputs& inputs);
  // Of an embedding that knows no perturbation of the split: what it was asked for, as the end of a sentence. A
  // plugin's own ids are not known here, those of a file were looked at before the run.
  std::string asked_ids(const Embedding& embedding, const FoldData& fold) const;
  // An embedding through the heads of its methods.
  void evaluate_through_heads(const PlanItem& item, const std::vector<std::size_t>& methods, const MakerInputs& inputs);
  // Several embeddings as blocks through the heads of their methods. Features depend on whether a head has settings to
  // choose from, and on nothing else: what stands beside it changes no number.
  void evaluate_fusion(const PlanItem& item, const std::vector<std::size_t>& methods, const MakerInputs& inputs);
  // What the method's head is given: inner splits where it has several settings.
  BlockMaking blocks_for(std::size_t m) const;
  void conclude_without_numbers(const PlanItem& item, std::size_t m, Status status, const std::string& reason,
                                const std::optional<PluginFailure>& failure);
  struct Spent {
    double wall_s = 0, cpu_s = 0;
  };
  // One method with the features of its embeddings. `shared`: what making these took. `fits`: the contexts by
  // themselves, whose mean is the prediction; null: one fit over all rows.
  void evaluate_with_features(const PlanItem& item, std::size_t m, const HeadFeatures& features,
                              const MakerInputs& inputs, const RowIndex& covered, const Spent& shared,
                              const std::vector<ContextFit>* fits = nullptr);
  // Of the plugin whose vectors a method goes by; null where they are not a plugin's, or several plugins'.
  TimeBudget* budget_of_embedding(std::size_t m) const;
  // What is too wide to be kept for the splits to come is asked for again.
  void drop_if_wide(std::size_t plugin, const Embedding& embedding, const MakerInputs& inputs) const;
  // Of a method that goes through a head.
  const std::string& embedding_name(std::size_t m) const { return plan_.methods[m].embedding; }
  // Fills the evaluation and returns what the worker used for it. `fits`: as in evaluate_with_features().
  WorkerUsageSoFar evaluate_through_head(const PlanItem& item, std::size_t m, const HeadFeatures& features,
                                         const MakerInputs& inputs, const RowIndex& covered,
                                         const std::vector<ContextFit>* fits, FoldEvaluation& evaluation);
  // Of the threads that have no item left to work on, an even share for each that has: a worker that starts then lives
  // beside no more others than there are items, each of which took no more.
  int threads_of_worker() const;
  // An idle worker of a shipped head, which keeps nothing between calls; a fresh one for anybody else's plugin.
  Answer<FoldWorker> take_worker(std::size_t h, const MakerInputs& inputs);

  const Task& task_;
  const NoiseTable* noise_;
  const RunOptions& options_;
  const Roster& roster_;
  const Plan& plan_;
  const std::vector<std::unique_ptr<ContextWork>>& works_;
  const std::atomic<std::size_t>& n_items_left_;
  ItemResults& results_;
  ThreadPool& pool_;
  Progress& progress_;
  std::stop_token stop_;
  CellWork cells_;
  std::vector<Patience> patience_;  // per head
};

}  // namespace headroom
