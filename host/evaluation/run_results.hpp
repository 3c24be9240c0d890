// What a run found, as numbers per test perturbation: the raw results from which every table, interval, percentage and
// picture is derived. Nothing here is interpreted yet; host/summary does that.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "matrix/matrix.hpp"
#include "plugin.pb.h"
#include "protocol/metrics.hpp"
#include "settings.pb.h"
#include "summary.pb.h"

namespace headroom {

// What a method is to the bounds (protocol sections 5 and 6).
enum class Role {
  null_method,  // any sensible model must beat it: may be the WAP
  cheater,      // has an unfair advantage: may be the BAP
  reference,    // reported beside the bounds, never one of them unless --ceiling names it
  plugin,       // what is evaluated
};

enum class Status { not_run, ok, failed, skipped };

const char* role_name(Role role);        // "null", "cheater", "reference", "plugin"
const char* status_name(Status status);  // "not run", "ok", "failed", "skipped"

// One grid point of the inner selection (protocol section 3.2).
struct GridPointScore {
  std::map<std::string, double> params;
  std::vector<double> split_scores;  // minus the mean row L2 of each inner split; empty if infeasible in any
  bool feasible = false;
};

// One method in one context and fold.
struct FoldEvaluation {
  std::int32_t fold = 0;  // index into Task::fold_names
  Status status = Status::not_run;
  std::string reason;  // why it failed or was skipped
  // Per metric of RunResults::metrics, one value per row of ContextEvaluation::test_rows of this fold; NaN: undefined
  // there. Empty unless status is ok.
  std::vector<Vector> metric_values;
  std::vector<std::uint8_t> covered;  // per test row: 1 if the embedding knows the perturbation
  std::map<std::string, double> best_params;
  std::vector<GridPointScore> inner_scores;
  std::optional<int> effective_dim;  // components after the cap; absent for raw features and methods without any
  double wall_s = 0, cpu_s = 0;      // host and worker together
  double peak_memory_bytes = 0;      // of the worker
  // Where it failed: whose fault that is (an embedding's or a predictor's name) and how it ended, as verdict_name()
  // says it, or "unusable" where all answers were well-formed and still nothing can be evaluated.
  std::string failed_plugin, failure_verdict;
};

// One method in one context, over all its folds.
struct MethodEvaluation {
  std::string name;       // as in the contract: train_mean, random+knn, NAME+PREDICTOR, ...
  std::string embedding;  // empty for methods without one
  std::string predictor;  // the head that it went through; empty for methods that stand in every head's table
  Role role = Role::plugin;
  bool in_bound = false;            // null: competes for the WAP; cheater: competes for the BAP
  Status status = Status::not_run;  // ok only if every fold is
  std::string reason;
  std::vector<std::string> flags;     // "supervised embedding", ...
  std::vector<FoldEvaluation> folds;  // parallel to ContextEvaluation::folds; empty if skipped as a whole
};

struct ContextEvaluation {
  std::string context;
  std::size_t task_context = 0;     // index into Task::contexts
  std::vector<std::int32_t> folds;  // the evaluated ones, ascending: indices into Task::fold_names
  std::vector<RowIndex> test_rows;  // per evaluated fold: rows of the TaskContext, ascending
  std::vector<MethodEvaluation> methods;
  std::vector<std::string> notes;  // one sentence each
};

// A predictor through which embeddings are evaluated. It has one table per context and metric, in which stand the
// methods without a predictor and those through it. A head that is not one of Headroom's own never sees the idealized
// embedding: its table borrows `idealized+knn` and knn's nulls (protocol section 6).
struct Head {
  std::string name;
  bool shipped = true;
  std::string borrows;  // "knn" for a submitted predictor, else empty
};

// Whether the method stands in the head's table.
bool stands_in(const MethodEvaluation& method, const Head& head);

// What became of one submission.
struct SubmissionOutcome {
  std::string name;
  std::string kind;     // "embedding", "predictor", "vectors" (a file of them), "unknown"
  std::string verdict;  // "ok", "not evaluated", or the way of its first failure: "load_failed", "crashed", "unusable"
  std::string reason;   // one sentence; empty if ok
  std::string confinement;  // "full", "strong", "degraded", "none"; empty where it was never started
};

struct RunResults {
  std::vector<Metric> metrics;  // in the protocol's order
  std::vector<Head> heads;
  std::vector<ContextEvaluation> contexts;
  std::vector<PluginRecord> plugins;
  std::vector<AuditResult> audit;
  std::vector<SubmissionOutcome> submissions;
  RunSettings settings;
};

// Whether any method failed, or a submission came to nothing: exit code 3.
bool any_failed(const RunResults& results);

}  // namespace headroom
