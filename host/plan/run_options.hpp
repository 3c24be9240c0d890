// What a run was asked to do. Every field has the protocol's default; the command line fills it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "confinement.pb.h"
#include "outcome/outcome.hpp"
#include "plan/bound_names.hpp"
#include "protocol/metrics.hpp"
#include "review/label_review.hpp"
#include "task/split_request.hpp"

namespace headroom {

// An embedding to evaluate: a plugin, or a file of vectors that the shipped `table` plugin reads.
struct EmbeddingSpec {
  std::string name;            // what results call it
  std::filesystem::path path;  // of a plugin or a folder with one (plugin_host/plugin_place.hpp); else a vector file
  std::filesystem::path data_folder;  // readable by the plugin in place of that folder; empty: that one
  std::string part = {};              // of a vector file that holds several arrays: "obsm/KEY"; empty: the usual
};

// What a row of a file of finished predictions is: a predicted delta, a predicted expression profile of a perturbation,
// or one of several predicted cells whose mean is that profile.
enum class PredictedForm { deltas, profiles, cells };
const char* form_name(PredictedForm form);  // "deltas", "profiles", "cells"

// Finished predictions of a model, an h5ad that the shipped `predictions` plugin reads.
struct PredictionsSpec {
  std::string name;  // the method's name
  std::filesystem::path path;
  PredictedForm form = PredictedForm::deltas;
  // counts (each row is scaled to the target sum, then log1p), fractional (counts that need not be whole), log1p, asis
  std::string values = "asis";
  std::optional<double> target_sum;  // of counts; none: the task's, else 10,000
  // Columns to take where the file has them, and which of them it must have; empty: the usual names.
  std::string pert_column, context_column, fold_column, gene_column;
  std::vector<std::string> required_columns;
  std::vector<std::string> where;  // COLUMN=VALUE: rows to keep, of columns that the file has; controls always stay
};

// A head: one of Headroom's own by name (path empty), or a submitted plugin, or a folder with one.
struct PredictorSpec {
  std::string name;
  std::filesystem::path path;
  std::filesystem::path data_folder = {};  // as EmbeddingSpec::data_folder
};

// Several embeddings as the blocks of one model (protocol section 9).
struct FusionSpec {
  std::string name;                     // what results call it, before '+' and its predictor
  std::vector<std::string> embeddings;  // names of RunOptions::embeddings, in this order; empty: all of them
};

// The fusion predictor that hands all blocks side by side to a head, and what stands between the two: concat:ridge.
inline constexpr const char* kConcat = "concat";
inline constexpr char kHeadOfFusionPredictor = ':';

// A stranger's embedding or predictor: which of the two a library is, it tells itself in the confined worker. Nothing
// that is wrong with a submission is an error of the run; it is the submission's own failed row.
struct SubmissionSpec {
  std::string name;                   // what results call it
  std::filesystem::path path;         // as EmbeddingSpec::path; empty where `fault` is set
  std::filesystem::path data_folder;  // readable by this submission alone; empty: none
  std::string fault;                  // one sentence: why it cannot be evaluated; empty: nothing is known yet
};

struct RunOptions {
  std::vector<EmbeddingSpec> embeddings;
  std::filesystem::path
      python_path;  // a virtual environment that models in Python of `embeddings` may use; empty: none
  std::vector<PredictionsSpec> predictions;
  std::vector<PredictorSpec> predictors;  // at least one
  bool predictors_are_named = true;       // false: the default, which each target has of its own
  // The run has another target as well: heads that do not do this one's kind of task are the other's, and so are grids
  // and options of plugins that this one does not have.
  bool is_one_of_several = false;
  std::vector<SubmissionSpec> submissions;
  std::vector<FusionSpec> fusions;
  // Heads of the fusions: Headroom's own by name (path empty), or submitted libraries.
  std::vector<PredictorSpec> fusion_predictors;
  // false: the default, of which those are left out that are not installed or do not do the target's kind of task.
  bool fusion_predictors_are_named = false;
  bool ablate = false;  // every fusion also without each of its blocks

  int common_dim = 100;  // D, components that every embedding is reduced to; >= 1 (the published value)
  int inner_folds = 5;   // K of the inner selection; >= 2
  std::uint32_t inner_seed = 42;
  std::uint32_t seed = 0;       // of the random null, the intervals and the plugins
  int n_random_embeddings = 5;  // over which the random null is averaged; >= 1
  std::vector<std::string> ceiling = {kCeilingIdealized, kCeilingSamplingError};
  // The last two cost most of a small run, and are not evaluated where they are not named.
  std::vector<std::string> nulls = {kDeltaNulls.begin(), kDeltaNulls.end()};
  bool nulls_are_named = false;  // true: no others than these, those of families of splits among them
  // Each head has null and idealized methods of its own, and bounds chosen among them, instead of the task's.
  bool bounds_per_head = false;
  std::vector<Metric> metrics;                                       // empty: all that the task allows
  ExcludedTargets excluded_targets = ExcludedTargets::as_published;  // genes that metrics leave out
  SplitRequest split;                                                // on which rows is trained, and which are tested
  bool split_is_named = false;                        // false: what the task was prepared for, if it says so
  std::optional<Combine> combine;                     // of vectors of combinations; none: as the splits suggest
  std::vector<std::string> folds;                     // names of splits to evaluate; empty: all
  std::map<std::string, std::vector<double>> grid;    // "PREDICTOR.PARAM" to its values, in order
  std::map<std::string, std::string> plugin_options;  // "PLUGIN.KEY" to its value
  // Embeddings that the report shows as one kind: names of kinds and globs over embeddings, the first that fits.
  std::vector<std::pair<std::string, std::string>> groups;
  bool audit = false;
  bool compare_embeddings = true;  // with each other, once all evaluations are made
  LabelOptions labels;             // how perturbations of vectors and predictions are read

  SandboxMode sandbox = SandboxMode::STRICT;
  WorkerLimits limits;  // zero fields take the defaults of plugin_host
  std::string build;    // of Headroom: version and compiler, part of what a number comes from
  std::string
      kernels;  // for which processors numbers are made (numerics/processor_kernels.hpp), likewise; empty: for any
  std::filesystem::path worker_program;   // headroom-worker
  std::filesystem::path shipped_plugins;  // folder of knn.so, lasso.so, ridge.so, table.so, predictions.so, review.so
};

// What was asked for; else the sum where combinations are what the splits are about, and nothing elsewhere.
Combine effective_combine(const RunOptions& options);

// "--split transfer", "--split-file", "--joint": what asks for splits beyond the folds of each context; empty: nothing.
std::string flag_of_split(const RunOptions& options);

// The names that a submission cannot have: those of the bounds' own methods, of Headroom's heads, and of the embeddings
// and predictors that were named.
std::set<std::string> taken_names(const RunOptions& options);

// Names of the bounds' own methods, without "+HEAD": no plugin may take one.
std::set<std::string> reserved_names();

// The first offending value and the constraint that it broke.
Result<void> validate(const RunOptions& options);

}  // namespace headroom
