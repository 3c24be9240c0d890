// results.sqlite as the memory of a run: finished evaluations are kept as they end and, with --resume, not made again.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "evaluation/evaluate.hpp"
#include "outcome/outcome.hpp"
#include "protocol/blas.hpp"
#include "results/store.hpp"

namespace headroom::cli {

class RunStore final : public EvaluationMemory {
 public:
  // `resume`: earlier evaluations with the same fingerprint are taken over; else everything is evaluated anew.
  RunStore(Store& store, bool resume) : store_(store), resume_(resume) {}

  std::optional<FoldEvaluation> recall(const std::string& context, const std::string& fold, const std::string& method,
                                       const std::string& fingerprint) override;
  Result<void> remember(const std::string& context, const std::string& fold, const std::string& method,
                        const std::vector<std::string>& pert_ids, const std::string& fingerprint,
                        const FoldEvaluation& evaluation) override;

  int n_recalled() const { return n_recalled_; }
  int n_stale() const { return n_stale_; }  // kept from other inputs or settings, so made again

 private:
  Store& store_;
  bool resume_;
  int n_recalled_ = 0, n_stale_ = 0;
};

// Where and with what this run is made.
RunRecord make_run_record(const std::string& headroom_version, const Task& task, const NoiseTable* noise,
                          const BlasLibrary& blas, const std::string& command_line);

}  // namespace headroom::cli
