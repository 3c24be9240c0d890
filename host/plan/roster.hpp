// The plugins of a run, as they introduced themselves before any work: what a plan is made with. load_roster.hpp opens
// them.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "plan/hyperparameter_grid.hpp"
#include "plugin.pb.h"
#include "plugin_host/plugin_file.hpp"
#include "plugin_host/worker_fault.hpp"
#include "plugin_host/worker_session.hpp"
#include "review/review.hpp"

namespace headroom {

class FoldGate;

// One plugin as this run uses it. `fault` is set where it could not be introduced: everything that needs it fails with
// that reason.
struct RosterEntry {
  std::string name;  // what results call it
  std::shared_ptr<const PluginFile> file;
  std::shared_ptr<const DataFile> data;             // the file that `table` or `predictions` reads, else empty
  bool holds_predictions = false;                   // that file, else vectors
  std::string part;                                 // of that file; empty: the usual
  std::string data_folder_sha256;                   // of the content of settings.data_folder; empty: none
  std::optional<std::string> data_folder_stamp;     // of that folder when it was hashed (io/folder_stamp.hpp)
  std::string given_path;                           // of a model or folder, as it was given; empty: the file's own
  std::shared_ptr<const PrivateFolder> own_folder;  // that settings.data_folder is, where it was made for the run
  // The library of ONNX Runtime that the user named, else empty.
  std::shared_ptr<const DataFile> runtime;
  WorkerSettings settings;
  PluginDescription description;
  ConfinementReport confinement;
  HyperparameterGrid grid;         // of a predictor
  std::vector<std::string> notes;  // of a reader of predictions: what it picked, a line each; its words are untrusted
  std::vector<Doubt> doubts;       // what a reader found doubtful about its file; the words are untrusted
  std::optional<WorkerFault> fault;
  std::shared_ptr<FoldGate> gate;  // of the run: see start_for_fold()
  bool is_read = true;             // false: of its file of vectors nothing is known but the hash
};

// Where a submission went. One whose kind nobody could learn stands among the embeddings, with its fault.
struct SubmissionPlace {
  std::string kind;  // "embedding", "predictor", "vectors", "unknown"
  bool is_head = false;
  std::size_t index = 0;  // in Roster::heads or Roster::embeddings
  // The name of a predictor that does another target of the run alone, and is in neither; empty: it is in one.
  std::string of_another_target = {};
};

struct Roster {
  // In the order of RunOptions::predictors, then the submitted ones, then those that serve the bounds alone, then those
  // of fusions in the order of RunOptions::fusion_predictors.
  std::vector<RosterEntry> heads;
  std::size_t n_tables = 0;                  // heads with a table of their own: all but the last of these
  std::size_t n_fusion_heads = 0;            // the last ones, which are given several blocks and nothing else
  std::vector<RosterEntry> embeddings;       // in the order of RunOptions::embeddings, then the submitted ones
  std::vector<RosterEntry> predictions;      // in the order of RunOptions::predictions
  std::vector<SubmissionPlace> submissions;  // in the order of RunOptions::submissions
  std::size_t first_fusion_head() const { return heads.size() - n_fusion_heads; }
  // Keys of RunOptions::grid and plugin_options that no plugin here has; where the run has one target they are an
  // error.
  std::set<std::string> unused_grid, unused_options;
};

}  // namespace headroom
