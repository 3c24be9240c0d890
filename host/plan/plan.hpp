// The plan of a run: every method, every split and every piece of work, with what each comes from, as a value. It is
// made from the options, the task and the plugins as they introduced themselves, without a thread, a process or a
// clock, and the deltas may still be unread. evaluation/ carries it out.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "outcome/outcome.hpp"
#include "plan/evaluation_key.hpp"
#include "plan/head.hpp"
#include "plan/method_source.hpp"
#include "plan/roster.hpp"
#include "plan/run_options.hpp"
#include "plan/split.hpp"
#include "plan/target.hpp"
#include "protocol/metrics.hpp"
#include "task/noise_table.hpp"
#include "task/task.hpp"

namespace headroom {

struct PlannedContext {
  std::string name;
  std::size_t task_context = 0;             // index into Task::contexts
  std::string family = kFamilyWithin;       // of its splits
  std::optional<std::size_t> unseen_parts;  // family `combination`: of all that is tested here
  std::vector<Split> splits;                // those that test this context
  std::vector<EvaluationInputs> inputs;     // per split: of every evaluation in it
  std::vector<std::string> notes;           // one sentence each
  // Of `own` (and of PDS_L1 as published): tested rows whose own gene is measured. Of `panel`: genes.
  std::size_t n_excluded_targets = 0;
  std::size_t n_panel_targets = 0;  // genes that `panel` leaves out
};

// A piece of work that one thread does: all methods of a split that share an embedding (or one seed of the random one),
// or one method that needs no embedding. Items write to places of their own, so they may be done in any order and by
// anybody: a mean over parts is taken of what was kept of them.
struct PlanItem {
  std::size_t context = 0;  // in Plan::contexts
  std::size_t split = 0;    // of that context
  MethodKind kind = MethodKind::embedding;
  std::vector<std::size_t> methods;   // in Plan::methods, in order
  std::size_t part = 0, n_parts = 1;  // of what its methods are the mean of
  double cost = 0;                    // relative, in one split: a file of vectors through one head is 1

  friend bool operator==(const PlanItem&, const PlanItem&) = default;
};

struct Plan {
  const Target* target = nullptr;
  std::vector<Metric> metrics;         // in the protocol's order
  std::vector<Head> heads;             // those with a table of their own: the first of Roster::heads
  std::vector<PlannedMethod> methods;  // in the order in which they are reported, the same in every context
  std::vector<PlannedContext> contexts;
  std::vector<PlanItem> items;  // by context and split, in the order of method_sources()
  EvaluationInput genes;        // gene_input() of the task
};

// The metrics of a run: those that were asked for, or all of the target's that the task allows (WMSE needs weights), in
// the protocol's order.
std::vector<Metric> evaluated_metrics(const Target& target, const RunOptions& options, const Task& task);

// Error (bad_input): a fold that the task has not.
Result<Plan> make_plan(const Task& task, const RunOptions& options, const Roster& roster);

// The key of a method in a split of a context: what the store keeps it under.
EvaluationKey key_of(const Plan& plan, const PlanItem& item, const PlannedMethod& method, const RunOptions& options,
                     const Roster& roster, const NoiseTable* noise);

// The key of an item's own part of a method: what a shard keeps it under, since the others may be made elsewhere. Of a
// method that is no mean it is key_of().
EvaluationKey part_key_of(const Plan& plan, const PlanItem& item, const PlannedMethod& method,
                          const RunOptions& options, const Roster& roster, const NoiseTable* noise);

// Calls take(item, method) once for everything that is kept, in the order of items: of a mean over parts, with the
// first.
template <class Take>
void for_each_evaluation(const Plan& plan, Take&& take) {
  for (const PlanItem& item : plan.items) {
    if (item.part > 0) continue;
    for (const std::size_t m : item.methods) take(item, m);
  }
}

}  // namespace headroom
