// What a run found, as numbers per test perturbation: the raw results from which every table, interval, percentage and
// picture is derived. Nothing here is interpreted yet; host/summary does that.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "bounds/resampling.hpp"
#include "matrix/matrix.hpp"
#include "plan/head.hpp"
#include "plan/role.hpp"
#include "plan/split.hpp"
#include "plugin.pb.h"
#include "protocol/metrics.hpp"
#include "settings.pb.h"
#include "summary.pb.h"

namespace headroom {

enum class Status { not_run, ok, failed, skipped };

const char* status_name(Status status);  // "not run", "ok", "failed", "skipped"

// One grid point of the inner selection (protocol section 3.2).
struct GridPointScore {
  std::map<std::string, double> params;
  std::vector<double> split_scores;  // minus the mean row L2 of each inner split; empty if infeasible in any
  bool feasible = false;
};

// Whose fault a failure is, and how it ended.
struct PluginFailure {
  std::string plugin;   // the embedding's or the predictor's name
  std::string verdict;  // as verdict_name() says it, or "unusable": all answers were well-formed, and still nothing can
                        // be evaluated
  std::string message;  // without the verdict
};

// Of targets whose fold values are computed from all test rows together (Target::score_fold): each with one number a
// metric, NaN where undefined. Empty where a fold's value is the mean of its test rows'.
struct WholeFoldScores {
  Vector values;          // over all test rows
  Vector covered_values;  // over those that the embedding knows
  Matrix resampled;  // metrics × resamples: the fold's value in every resample of its test rows (bounds/resampling.hpp)

  bool empty() const { return values.size() == 0; }
};

// What a fusion has of one of its blocks in one split.
struct BlockCoverage {
  std::string name;
  int n_covered = 0;      // test perturbations that it knows
  int effective_dim = 0;  // components after the cap

  friend bool operator==(const BlockCoverage&, const BlockCoverage&) = default;
};

// How much a block counts, as the fusion's predictor tells.
struct BlockWeight {
  std::string name, kernel;  // kernel: by which part of the predictor; may be empty
  double weight = 0;

  friend bool operator==(const BlockWeight&, const BlockWeight&) = default;
};

// What a fusion has beside its scores in one split.
struct FusionOfFold {
  std::vector<BlockCoverage> blocks;  // empty: the method is no fusion
  std::vector<BlockWeight> weights;   // in the order in which they were told
  // Mean row L2 of the training rows as the predictor tells it: left out one by one, or fold by fold.
  std::optional<double> loo_l2, out_of_fold_l2;

  bool operator==(const FusionOfFold&) const = default;
};

// One method in one split.
struct FoldEvaluation {
  Status status = Status::not_run;
  // Why it failed or was skipped; of one that is ok what is to be known of its cells, a sentence a line.
  std::string reason;
  // Per metric of RunResults::metrics, one value per test row of the split; NaN: undefined there. Empty unless status
  // is ok.
  std::vector<Vector> metric_values;
  WholeFoldScores whole;
  std::vector<std::uint8_t> covered;  // per test row: 1 if the embedding knows the perturbation
  std::map<std::string, double> best_params;
  std::vector<GridPointScore> inner_scores;
  std::optional<int> effective_dim;  // components after the cap; absent for raw features and methods without any
  FusionOfFold fusion;
  double wall_s = 0, cpu_s = 0;          // host and worker together
  double peak_memory_bytes = 0;          // of the worker
  std::optional<PluginFailure> failure;  // of one that failed for a plugin, in this run
};

// One method in one context, over all its splits.
struct MethodEvaluation {
  std::string name;       // as in the contract: train_mean, random+knn, NAME+PREDICTOR, ...
  std::string embedding;  // empty for methods without one
  std::string predictor;  // the head that it went through; empty for methods that stand in every head's table
  Role role = Role::plugin;
  bool in_bound = false;            // null: competes for the WAP; cheater: competes for the BAP
  Status status = Status::not_run;  // ok only if every fold is
  std::string reason;
  std::vector<std::string> flags;     // "supervised embedding", ...
  std::vector<std::string> blocks;    // of a fusion: its embeddings
  std::string left_out, whole;        // of a fusion without a block: that block, and the name of the method with it
  std::vector<FoldEvaluation> folds;  // parallel to ContextEvaluation::splits; empty if skipped as a whole
};

struct ContextEvaluation {
  std::string context;
  std::size_t task_context = 0;             // index into Task::contexts
  std::string family = kFamilyWithin;       // of its splits
  std::optional<std::size_t> unseen_parts;  // family `combination`
  std::vector<Split> splits;                // the evaluated ones
  std::vector<MethodEvaluation> methods;
  std::vector<std::string> notes;      // one sentence each
  std::size_t n_excluded_targets = 0;  // that metrics leave out, where they leave out targets
  std::size_t n_panel_targets = 0;     // that those leave out which leave out the panel's
};

// The values of one metric as bounds and intervals take them; nothing unless status is ok.
FoldValues fold_values_of(const FoldEvaluation& evaluation, std::size_t metric);

// Whether the method stands in the head's table. A fusion stands in every one: its predictor has no table of its own.
bool stands_in(const MethodEvaluation& method, const Head& head);

// What became of one submission.
struct SubmissionOutcome {
  std::string name;
  std::string kind;     // "embedding", "predictor", "vectors" (a file of them), "unknown"
  std::string verdict;  // "ok", "not evaluated", or the way of its first failure: "load_failed", "crashed", "unusable"
  std::string reason;   // one sentence; empty if ok
  std::string confinement;      // "full", "strong", "degraded", "none"; empty where it was never started
  bool concerns_target = true;  // false: it does another target of the run alone
};

// What a plugin that is not Headroom's own said, worker by worker (plugin_host/plugin_log.hpp).
struct PluginWords {
  std::string plugin;
  std::string text;
};

struct RunResults {
  std::string target = "lfc";   // what was predicted
  std::vector<Metric> metrics;  // in the protocol's order
  std::vector<Head> heads;
  std::vector<ContextEvaluation> contexts;
  std::vector<PluginRecord> plugins;
  std::vector<AuditResult> audit;
  std::vector<SubmissionOutcome> submissions;
  std::vector<EmbeddingSimilarity> similarity;  // per context with at least two embeddings to compare
  RunSettings settings;
  std::vector<PluginWords> logs;  // of those that said anything
};

// Whether any method failed, or a submission came to nothing: exit code 3.
bool any_failed(const RunResults& results);

}  // namespace headroom
