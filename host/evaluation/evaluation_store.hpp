// How a run keeps its evaluations and takes over those of an earlier one. The run says what each evaluation comes from;
// whoever implements this decides where and how it is kept.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "confinement.pb.h"
#include "evaluation/leading_components.hpp"
#include "evaluation/run_results.hpp"
#include "outcome/outcome.hpp"
#include "plan/evaluation_key.hpp"
#include "settings.pb.h"
#include "summary.pb.h"

namespace headroom {

// A plugin as the run found it before any work.
struct PluginOfRun {
  PluginRecord record;                           // without coverage, which is not known yet
  std::string path;                              // as given; of the vector file, where it has one
  std::string data_folder_sha256 = {};           // over the plugin's own data files; empty: none
  std::optional<ConfinementReport> confinement;  // of the worker that introduced it; absent: it could not be
  WorkerLimits limits = {};                      // effective
};

class EvaluationStore {
 public:
  virtual ~EvaluationStore() = default;

  // Called once, before everything else: what was asked for is known, and what took effect.
  virtual Result<void> begin(const RunSettings& effective, const std::vector<PluginOfRun>& plugins) = 0;

  // The kept evaluation, if it may stand for this one: made from the same inputs and not failed. Called before any
  // evaluation of this run is remembered, by one thread but where shards are gathered. Errors: what is kept cannot be
  // read, which is not the same as nothing being kept.
  virtual Result<std::optional<FoldEvaluation>> recall(const EvaluationKey& key) = 0;

  // Called once after the last recall: from here on it is only remembered.
  virtual void recall_ended() {}

  // Called from several threads. pert_ids: the fold's test rows.
  virtual Result<void> remember(const EvaluationKey& key, const std::vector<std::string>& pert_ids,
                                const FoldEvaluation& evaluation) = 0;

  // What an embedding is compared by, if it was made from the same inputs: recalled before any evaluation is made,
  // remembered after the last. Whoever keeps none has the embedding asked again.
  virtual Result<std::optional<LeadingComponents>> recall_components(const EmbeddingKey&) { return std::nullopt; }
  virtual Result<void> remember_components(const EmbeddingKey&, const LeadingComponents&) { return {}; }
};

}  // namespace headroom
