// results.sqlite: every finished evaluation of an output folder, with what it was made from, kept so that a run can be
// resumed, verified and reported.
//
// One transaction a finished evaluation (SQLite in WAL mode): a kill at any moment loses at most the evaluation in
// flight, and two processes may write to one store. Tables, version 6 (PRAGMA user_version; application_id "HDRM"):
//   run           one row a run: when, by which Headroom (version, build), from which task and noise table (path,
//                 sha256), on which machine (CPU, kernel, libraries, threads); settings_requested (the run.toml that
//                 repeats it, with the paths of all inputs), started in which folder; settings (RunSettings as JSON:
//                 what took effect, with seeds, limits and the least confinement of all its workers)
//   plugin        the plugins of each run: path as given, sha256 of the library, of the vector file and of the folder
//                 with its data, what it declares, the limits and the confinement of its workers (JSON), and what
//                 they said (NULL: nothing)
//   perturbation  per context and perturbation: fold, size of its effect, cells, noise quantile
//   evaluation    the latest of each context, fold and method: the run that made it; inputs (JSON, an array of
//                 [name, value]: every hash and setting that determines its numbers) and their sha256, the fingerprint;
//                 status, reason, choices, times, memory. Failures are kept like successes. Of targets other than lfc
//                 the context is preceded by the target's name (stored_context.hpp; so in `perturbation`); `whole`:
//                 values of the fold that are no means of scores, also those in every resample (JSON, null: undefined);
//                 `fusion`: what the blocks of a fusion cover, and what its predictor tells of them (JSON); `failure`:
//                 of one that failed for a plugin, which and how (JSON)
//   score         per evaluation and test perturbation: one column a metric (NULL: undefined there)
//   output        at most one row: the files that were last written from the store, with a stamp of all that they were
//                 made from (JSON lists of files and of what became of submissions)
// A store of an earlier version gets the new columns and tables when it is opened to be written; evaluations of version
// 1, which does not tell their inputs, are made again. A store may come from a stranger: it is refused unless its
// tables are exactly these (store_schema.hpp), and no query returns more than the file can hold (sqlite_database.hpp).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "evaluation/evaluation_store.hpp"
#include "evaluation/run_results.hpp"
#include "io/written_file.hpp"
#include "outcome/outcome.hpp"
#include "summary/perturbation_facts.hpp"

namespace headroom {

// Where the numbers of one run come from.
struct RunRecord {
  std::string headroom_version;
  std::string build;    // compiler, build type
  std::string started;  // UTC, ISO 8601; the caller's clock
  std::string command_line;
  std::string folder;  // where it was started: relative paths are relative to it
  std::string task_name, task_path, task_sha256;
  std::string noise_path, noise_sha256;  // empty: no noise table
  std::string settings_requested;        // run.toml
  std::string settings_json;             // RunSettings: what took effect
  std::string host_cpu, host_kernel;
  int n_threads = 1;
  std::string libraries;  // "OpenBLAS 0.3.21 SkylakeX, HDF5 1.10.8, ..."
};

// What the store holds for a key.
enum class StoredState {
  absent,  // nothing
  stale,   // made with another fingerprint
  valid,
};

// What is known of a stored evaluation without its numbers.
struct StoredOrigin {
  std::string fingerprint;
  EvaluationInputs inputs;  // empty: kept by a store of version 1, which did not tell
  Status status = Status::not_run;
  std::string reason;
  bool has_all_metrics = false;  // of those that the store was opened with
};

// A run with those of its evaluations that succeeded and that no later run has replaced.
struct KeptRun {
  RunRecord record;
  std::vector<EvaluationKey> evaluations;  // ordered by context, method and fold; without their inputs
};

// The files that were made from the store for people to read.
struct KeptOutputs {
  std::string stamp;                           // of everything that determines them
  std::vector<WrittenFile> files;              // in the folder of the store
  std::vector<SubmissionOutcome> submissions;  // which no file tells
};

// One stored evaluation with its perturbations.
struct StoredEvaluation {
  EvaluationKey key;
  std::vector<std::string> metrics;   // parallel to evaluation.metric_values
  std::vector<std::string> pert_ids;  // test rows
  FoldEvaluation evaluation;
};

// Safe to use from several threads; calls take turns.
class Store {
 public:
  // Opens or makes OUT/results.sqlite. `metrics`: the run's, in the order of FoldEvaluation::metric_values. Errors: the
  // folder cannot be written, the file is no store, is damaged, or is of a later version.
  static Result<Store> open(const std::filesystem::path& out_dir, std::vector<std::string> metrics);

  // The store of a folder as it is, also one of an earlier version: nothing in the folder is changed. What begins or
  // puts must not be called. Errors: there is none, or as above.
  static Result<Store> open_to_read(const std::filesystem::path& out_dir, std::vector<std::string> metrics);
  const std::vector<std::string>& metrics() const;
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  // Begins a run: evaluations put from now on belong to it.
  Result<void> begin_run(const RunRecord& run, const std::vector<PluginOfRun>& plugins);

  // What plugins of the run that was begun said. Those that said nothing are left out.
  Result<void> put_logs(const std::vector<PluginWords>& logs);
  // The same of earlier runs, each plugin's last words, where the plugin is what it was then, by its hashes.
  Result<std::vector<PluginWords>> earlier_logs();
  // The same of the last run.
  Result<std::vector<PluginWords>> logs();

  // All runs in the order in which they were begun, without their plugins.
  Result<std::vector<KeptRun>> kept_runs();

  // The evaluation, if it was made with this very fingerprint and has all metrics. FoldEvaluation::fold is 0: the
  // caller knows the fold's number. Numbers come back to the bit, but for minus zero, which SQLite keeps as zero.
  Result<std::optional<FoldEvaluation>> find(const EvaluationKey& key);

  Result<StoredState> state_of(const EvaluationKey& key);

  // Where the evaluation of this context, fold and method comes from, whatever it was made from; nullopt: there is
  // none.
  Result<std::optional<StoredOrigin>> origin_of(const EvaluationKey& key);

  // One sha256 over which run made each of these evaluations, if all of them could be taken over: kept with this
  // fingerprint, all metrics and all scores, and not failed. nullopt: at least one is to be made.
  Result<std::optional<std::string>> provenance_of(const std::vector<EvaluationKey>& keys);

  // The outputs: known from put_outputs() until forget_outputs(), which comes before any of them is touched.
  Result<std::optional<KeptOutputs>> outputs();
  Result<void> put_outputs(const KeptOutputs& outputs);
  Result<void> forget_outputs();

  // Keeps the evaluation in place of an older one of the same context, fold and method; on disk when it returns.
  // pert_ids: the fold's test rows, parallel to the metric values.
  Result<void> put(const EvaluationKey& key, const std::vector<std::string>& pert_ids,
                   const FoldEvaluation& evaluation);

  // What an embedding is compared with others by; nullopt: it was not kept, or made from other inputs. Comes back to
  // the bit. Put replaces what is there of this context and embedding.
  Result<std::optional<LeadingComponents>> find_components(const EmbeddingKey& key);
  Result<void> put_components(const EmbeddingKey& key, const LeadingComponents& components);

  // Facts on perturbations that the report shows beside their scores; replaces those of the same contexts and target.
  Result<void> put_facts(const std::vector<PerturbationFacts>& facts, const std::string& target = "lfc");
  Result<std::vector<PerturbationFacts>> facts(const std::string& target = "lfc");

  // All evaluations of a target, ordered by context, method and fold, with the values of one metric (metric_values has
  // one element).
  Result<std::vector<StoredEvaluation>> evaluations(const std::string& metric, const std::string& target = "lfc");

 private:
  struct State;
  explicit Store(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace headroom
