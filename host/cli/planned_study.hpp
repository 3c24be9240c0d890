// A run up to its plan: inputs read and reviewed, plugins introduced, every target planned, and nothing written yet.
// All that evaluates goes on from here: run, a shard of it, and what gathers the shards.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/command_line.hpp"
#include "cli/run_store.hpp"
#include "cli/summary_options.hpp"
#include "cli/target_input.hpp"
#include "evaluation/evaluate.hpp"
#include "numerics/blas.hpp"
#include "outcome/outcome.hpp"
#include "parallel/thread_pool.hpp"
#include "review/review.hpp"
#include "store/store.hpp"
#include "task/noise_table.hpp"
#include "terminal/terminal_progress.hpp"

namespace headroom::cli {

// How much is read before the plan is known.
enum class StudyReading {
  all,
  may_be_done,  // what is large and needs more than a hash waits, deltas and vectors, for nothing may be left to do
  all_but_deltas,
  part,  // all but files of vectors of which nothing is asked
};

// One target of a run, from its plan to its results.
struct TargetRun {
  const TargetInput* input = nullptr;
  std::unique_ptr<RunStore> evaluations;
  std::optional<PlannedRun> planned;
  std::optional<Store> store;
  std::optional<RunResults> results;  // none: the run was interrupted before
};

class PlannedStudy {
 public:
  struct Options {
    StudyReading reading = StudyReading::all;
    std::set<std::string> left_unread = {};   // part: sha256 of files of vectors of which nothing is asked
    ReviewedVectors reviewed_vectors = {};    // whose files need not be read to be known
    bool writes = true;                       // into `arguments.out`: what lies there is reviewed
    bool resumes = false;                     // evaluations that its store holds are taken over
    std::optional<std::string> kernels = {};  // RunOptions::kernels; none: of this processor
    std::set<std::string> submissions = {};   // those that are evaluated, whatever else was handed in; empty: all
  };
  static Result<std::unique_ptr<PlannedStudy>> plan(const RunArguments& arguments, const Options& options);
  PlannedStudy(const PlannedStudy&) = delete;
  PlannedStudy& operator=(const PlannedStudy&) = delete;

  const RunArguments& arguments() const { return arguments_; }
  const RunOptions& options() const { return options_; }
  const Review& review() const { return review_; }
  const NoiseTable* noise() const { return noise_ ? &*noise_ : nullptr; }
  std::vector<TargetRun>& targets() { return targets_; }
  const std::vector<Roster>& rosters() const { return rosters_; }  // per target, before the plan took them
  const SummaryOptions& summary_options() const { return summary_options_; }
  ThreadPool& pool() { return pool_; }
  TerminalProgress& progress() { return progress_; }

  // Makes the folder of the results and opens the stores of all targets in it.
  Result<void> open_stores();
  std::vector<Store*> stores();
  // What was left unread, where something is left to do: of the files of vectors those that it is left for, with what
  // is doubtful about them, and deltas.
  Result<void> read_rest();

 private:
  PlannedStudy(const RunArguments& arguments, RunOptions options);
  Result<void> make(const Options& options);
  Result<void> load_rosters(const Options& options);
  FileReview file_review(const TargetInput& of_target) const;
  Result<void> read_vectors_left();

  // A line on the terminal for every method that is through; nothing where stderr is no terminal.
  class FinishedMethods final : public RunObserver {
   public:
    FinishedMethods(TerminalProgress& progress, const TerminalStyle& style) : progress_(progress), style_(style) {}
    void method_finished(const RunResults& results, const ContextEvaluation& context,
                         const MethodEvaluation& method) override;

   private:
    TerminalProgress& progress_;
    TerminalStyle style_;
  };

  RunArguments arguments_;
  RunOptions options_;
  Review review_;
  Review told_before_;  // of the files of all targets but the first, which are its own
  std::optional<NoiseTable> noise_;
  SummaryOptions summary_options_;
  Task unread_;
  std::vector<TargetInput> inputs_;
  ThreadPool pool_;
  TerminalProgress progress_;
  FinishedMethods finished_;
  std::vector<Roster> rosters_;
  std::vector<TargetRun> targets_;
};

}  // namespace headroom::cli
