// One worker process with one plugin in it, for one context and one fold: start, ask, end.
//
// The worker is not trusted once the plugin is loaded: every answer is checked for form, and everything that it wrote
// must be validated by whoever reads it. A worker of a plugin that is not Headroom's own shares no memory and no open
// file with any other worker: what it is given is copied for it, and gone with it. A fault ends the worker; the same
// fault then answers every later call. The destructor ends the process and waits until nothing of it is left. A session
// is used by one thread at a time; any number of sessions may live at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "confinement.pb.h"
#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"
#include "plugin.pb.h"
#include "plugin_host/fit_facts.hpp"
#include "plugin_host/output_slots.hpp"
#include "plugin_host/perturbation_numbers.hpp"
#include "plugin_host/plugin_file.hpp"
#include "plugin_host/plugin_log.hpp"
#include "plugin_host/private_folder.hpp"
#include "plugin_host/question_contexts.hpp"
#include "plugin_host/shared_segment.hpp"
#include "plugin_host/time_budget.hpp"
#include "plugin_host/worker_fault.hpp"
#include "plugin_host/worker_limits.hpp"

namespace headroom {

struct WorkerSettings {
  std::filesystem::path worker_program;  // find_worker_program()
  SandboxMode mode = SandboxMode::STRICT;
  WorkerLimits limits;                                       // effective_worker_limits() of these are in force
  std::uint64_t seed = 0;                                    // of everything random in the plugin
  int n_threads = 1;                                         // >= 1
  std::vector<std::pair<std::string, std::string>> options;  // only keys that the plugin declares; others are refused
  const DataFile* data_file = nullptr;    // outlives start(); its path in the worker becomes the value of...
  std::string data_file_option = "file";  // ...this option
  std::filesystem::path data_folder;      // readable by this plugin alone; empty: none
  std::string model;                      // the file of data_folder that a runner runs (plugin_place.hpp); empty: none
  // A folder that the user lets the plugin read as it lies (absolute), and the one in it where a model in Python finds
  // further modules; empty: none. Never of a submission.
  std::filesystem::path granted_folder, python_path;
  std::shared_ptr<const PrivateFolder> data_folder_copy;  // set by start() where data_folder is a copy that it made
  std::shared_ptr<OutputSlots> output_slots;              // shared by the sessions of a run; empty: a pool of its own
  std::shared_ptr<TimeBudget> budget;  // of the submission, charged with all that is done here; empty: none
  std::shared_ptr<PluginLog> log;      // takes what each worker says, once it has ended; empty: nobody listens
  std::string occasion;                // what this worker is for, as the log is to say it: "fold_0"
  std::stop_token stop;                // ends every wait at once, with an error of kind interrupted
  std::shared_ptr<const PluginDescription> introduced;  // what the plugin must still say of itself; empty: anything
  std::uint64_t most_answer_bytes = 0;                  // of one embedding; 0: most_answer_bytes() of the limits
  bool only_describes = false;  // the plugin is not opened: it says what it is, and nothing can be asked of it
  // For tests, to see what each layer is good for: leave some out (SandboxRequest names them)...
  std::vector<std::string> disabled_layers;
  bool accepts_any_level = false;  // ...and start all the same
};

// The training part, for embedding plugins that want it.
struct EmbeddingTraining {
  std::vector<std::string> ids;  // a subset of EmbeddingQuestion::ids; row i of `deltas` is ids[i]
  SharedMatrix deltas;           // training perturbations × genes, sealed
  std::vector<std::string> gene_ids;
  std::vector<std::int32_t> contexts;  // one number per row where the question is about several contexts
};

struct EmbeddingQuestion {
  std::string context;  // name of the cell line, where there is one
  // At least one, in an order that does not tell training and test rows apart. Unique (together with their context).
  std::vector<std::string> ids;
  std::optional<EmbeddingTraining> training;  // given to the plugin only if it declared that it wants it
  TaskKind task_kind = TaskKind::REGRESSION;
  QuestionContexts contexts;              // several contexts; their blocks reach a plugin that wants control profiles
  std::vector<std::int32_t> id_contexts;  // one number per id; may be left out while there is one context
  std::vector<std::string> gene_ids;      // of the control profiles, where there is no training part to name them
};

struct EmbeddingAnswer {
  Matrix vectors;                     // ids × dimension; finite where present, zero where not; ids × 0 if none is
  std::vector<std::uint8_t> present;  // one per id: 0 or 1
};

// Named features of all rows; the matrices outlive the call of predict(). A row that a block lacks is zero there.
struct PredictorBlock {
  std::string name;
  ConstMatrixMap training;                                    // training rows × features
  ConstMatrixMap query;                                       // query rows × the same features
  std::vector<std::uint8_t> training_present, query_present;  // one per row; empty: all present
};

struct PredictorQuestion {
  explicit PredictorQuestion(SharedMatrix training_deltas) : deltas(std::move(training_deltas)) {}
  // Adds features; they are not copied before predict(), so they must not be temporaries.
  void add_block(std::string name, const Matrix& training, const Matrix& query);

  std::string context;  // name of the cell line, where there is one
  std::vector<PredictorBlock> blocks;
  SharedMatrix deltas;     // shared rows × genes, sealed
  RowIndex training_rows;  // rows of `deltas` that this fit trains on, in the order of the blocks; empty: all
  Eigen::Index n_query = 0;
  Matrix settings;  // settings × hyperparameters, at least one row
  TaskKind task_kind = TaskKind::REGRESSION;
  int n_planes = 1;                                             // predictions per setting: 1, or one per class
  QuestionContexts contexts;                                    // several contexts, and what is known of them
  std::vector<std::int32_t> training_contexts, query_contexts;  // a number per row; left out while there is one context
  PerturbationCodes perturbations;                              // which rows are of the same perturbation
  // Tasks of classes: names by number and plane (`deltas` holds class numbers), and which training rows have labels.
  std::vector<std::string> classes;
  std::vector<std::uint8_t> training_labelled;  // one per training row; empty: all
};

// What a predictor answered, valid until the session's next call or end. The values lie in memory that the worker can
// still write: read each one once, and trust none before it was found finite.
struct PredictionView {
  std::vector<std::uint8_t> feasible;  // one per setting: 0 or 1
  std::vector<ConstMatrixMap>
      predictions;  // settings × planes, each query rows × genes; setting s, plane p at s * planes + p
  // What the predictor says that it fitted; copied and checked. Only where there was one setting, and it told any.
  std::optional<FittedFacts> facts;
};

// The errors that a predictor claims for held-out training rows: copied, checked to be finite and not negative.
struct ErrorsAnswer {
  std::vector<std::uint8_t> feasible;  // one per setting: 0 or 1
  Matrix errors;                       // settings × query rows: L2 norms over genes; zero where infeasible
};

// Of the whole worker, as far as it is known: its own word while it runs, the kernel's once it has ended.
struct WorkerUsageSoFar {
  double cpu_s = 0;
  std::uint64_t peak_memory_bytes = 0;
};

class WorkerSession {
 public:
  // Starts the process, has it confine itself, checks the level against the mode, loads the plugin and configures it.
  static Answer<std::unique_ptr<WorkerSession>> start(const PluginFile& plugin, const WorkerSettings& settings);
  ~WorkerSession();
  WorkerSession(const WorkerSession&) = delete;
  WorkerSession& operator=(const WorkerSession&) = delete;

  const PluginDescription& description() const;
  const ConfinementReport& confinement() const;
  const WorkerLimits& limits() const;  // in force

  // Columns of the vectors for this question: 1 or more, and small enough for n ids × dimension to be mapped.
  Answer<std::int64_t> dimension(const EmbeddingQuestion& question);
  Answer<EmbeddingAnswer> embed(const EmbeddingQuestion& question);
  Answer<PredictionView> predict(const PredictorQuestion& question);
  // Only for predictors whose description says gives_errors. Query row i has the deltas in row query_rows[i] of
  // question.deltas; `gram` (sealed) holds the inner products of all rows of question.deltas.
  Answer<ErrorsAnswer> errors(const PredictorQuestion& question, const RowIndex& query_rows, const SharedMatrix& gram);

  // How many settings one predict() should take so that its output stays within a slot of 256 MiB; at least 1.
  static Eigen::Index max_settings_per_call(Eigen::Index n_query, Eigen::Index n_genes, int n_planes = 1);

  // Ends the process and waits for it. Later calls fail; usage() is final. Idempotent; the destructor calls it.
  void finish();

  bool has_failed() const;  // a fault ended it
  WorkerUsageSoFar usage() const;
  std::string log() const;  // stdout, stderr and log calls, the first and last of WorkerLimits::log_bytes

 private:
  struct State;
  explicit WorkerSession(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// Starts a worker without a plugin and reads how far it can confine itself here, however little that is.
Result<ConfinementReport> granted_sandbox(const WorkerSettings& settings);
// The same; the error (sandbox_unavailable) names what is missing for the mode that was asked for.
Result<ConfinementReport> probe_sandbox(const WorkerSettings& settings);

}  // namespace headroom
