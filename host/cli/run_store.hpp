// results.sqlite as the store of a run: evaluations are kept as they end and, with --resume, not made again.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cli/command_line.hpp"
#include "evaluation/evaluation_store.hpp"
#include "numerics/blas.hpp"
#include "outcome/outcome.hpp"
#include "store/resumption.hpp"
#include "store/store.hpp"
#include "task/noise_table.hpp"

namespace headroom::cli {

class RunStore final : public EvaluationStore {
 public:
  // `run`: what is known of the run before its plugins are. `resume`: earlier evaluations from the same inputs are
  // taken over, and stderr hears which are not (unless `quiet`); else everything is evaluated anew.
  RunStore(RunRecord run, bool resume, bool quiet) : run_(std::move(run)), resume_(resume), quiet_(quiet) {}

  // In the place of what the store holds: evaluations are recalled from here, those that failed as well.
  using Recall = std::function<Result<std::optional<FoldEvaluation>>(const EvaluationKey&)>;
  using RecallComponents = std::function<Result<std::optional<LeadingComponents>>(const EmbeddingKey&)>;
  void recall_by(Recall recall, RecallComponents components) {
    recall_ = std::move(recall);
    recall_components_ = std::move(components);
  }

  // Where evaluations are kept: before begin(), and not before the run is known to be possible, since opening a store
  // makes its file. The store outlives this.
  void keep_in(Store& store) { store_ = &store; }

  Result<void> begin(const RunSettings& effective, const std::vector<PluginOfRun>& plugins) override;
  Result<std::optional<FoldEvaluation>> recall(const EvaluationKey& key) override;
  void recall_ended() override;
  Result<void> remember(const EvaluationKey& key, const std::vector<std::string>& pert_ids,
                        const FoldEvaluation& evaluation) override;
  // Without `resume` nothing is taken over here either.
  Result<std::optional<LeadingComponents>> recall_components(const EmbeddingKey& key) override;
  Result<void> remember_components(const EmbeddingKey& key, const LeadingComponents& components) override;

  // In the place of recall(), where all evaluations of the run stand and nobody needs their numbers.
  void recall_without_numbers(std::size_t n_evaluations);

 private:
  Store* store_ = nullptr;
  RunRecord run_;
  bool resume_, quiet_;
  Resumption resumption_;
  Recall recall_;
  RecallComponents recall_components_;
};

// Where and with what this run is made; what took effect is added when its plugins are known.
RunRecord make_run_record(const RunArguments& arguments, const Task& task, const NoiseTable* noise,
                          const BlasLibrary& blas);

// The version and the compiler that this Headroom was built with.
std::string headroom_build();

}  // namespace headroom::cli
