// Stored evaluations against what the same inputs give now: the store that `headroom verify` gives to a run. The run
// evaluates those of the sample alone; each is compared to the bit with what the store holds.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <vector>

#include "evaluation/evaluation_store.hpp"
#include "outcome/outcome.hpp"
#include "store/store.hpp"

namespace headroom {

enum class VerifiedOutcome {
  equal,           // every metric of every perturbation, who is covered, and the hyperparameters
  differs,         // the same inputs give other numbers now, or none
  inputs_changed,  // it cannot be told: a file or setting is another one, or the task has no such fold any more
};

const char* outcome_name(VerifiedOutcome outcome);  // "equal", "differs", "inputs changed"

struct VerifiedEvaluation {
  std::string context, fold, method;
  VerifiedOutcome outcome = VerifiedOutcome::inputs_changed;
  std::string detail;  // what differs and by how much, or which input changed; empty if equal
};

class Verification final : public EvaluationStore {
 public:
  // The store was opened with the metrics of the run that made the sample, and outlives this.
  Verification(Store& store, const std::vector<EvaluationKey>& sample);

  Result<void> begin(const RunSettings&, const std::vector<PluginOfRun>&) override { return {}; }
  Result<std::optional<FoldEvaluation>> recall(const EvaluationKey& key) override;
  Result<void> remember(const EvaluationKey& key, const std::vector<std::string>& pert_ids,
                        const FoldEvaluation& evaluation) override;

  // One of each in the sample, in its order. Complete once the run has ended.
  std::vector<VerifiedEvaluation> outcomes() const;

 private:
  using Place = std::tuple<std::string, std::string, std::string>;  // context, fold, method
  static Place place_of(const EvaluationKey& key) { return {key.context, key.split, key.method}; }

  Store& store_;
  std::vector<Place> order_;
  std::map<Place, VerifiedEvaluation> outcomes_;
  std::mutex mutex_;
};

// What differs between two evaluations of the same test rows, first and by how much; empty if nothing does. Undefined
// equals undefined. `metrics` names the values of both.
std::string difference_of(const FoldEvaluation& stored, const FoldEvaluation& now,
                          const std::vector<std::string>& metrics, const std::vector<std::string>& pert_ids);

// `n` of the evaluations (all, if there are not more), chosen by the seed alone; in the order in which they came.
std::vector<EvaluationKey> sample_of(const std::vector<EvaluationKey>& evaluations, std::size_t n, std::uint64_t seed);

}  // namespace headroom
