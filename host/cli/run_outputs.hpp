// The files that a run leaves beside its store, for people to read; and, with --resume, whether those of an earlier run
// may stay as they are.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.hpp"
#include "evaluation/evaluate.hpp"
#include "outcome/outcome.hpp"
#include "parallel/thread_pool.hpp"
#include "store/store.hpp"
#include "summary.pb.h"
#include "task/noise_table.hpp"
#include "task/task.hpp"

namespace headroom::cli {

// What the files of a run are made from: its evaluations, and everything else that determines them as one sha256: this
// very program, the settings that take effect, the task, the methods and the plugins, and what is doubtful about them.
struct OutputsPlan {
  std::string sha256;
  std::vector<EvaluationKey> evaluations;
};
Result<OutputsPlan> plan_outputs(const RunArguments& arguments, const Task& task, const NoiseTable* noise,
                                 const PlannedRun& planned, const Review& review);

// One target's part of a run's outputs.
struct TargetOutputs {
  const RunResults* results;
  const Task* task;
  Store* store;  // opened with the target's metrics
};

// What the store knows of the files, if nothing is to be evaluated, they were made from these plans (one a target, with
// its store) and the evaluations that are stored now, and every one of them is still as it was written, which is found
// by hashing them.
Result<std::optional<KeptOutputs>> standing_outputs(const std::vector<OutputsPlan>& plans,
                                                    const std::vector<Store*>& stores, const std::filesystem::path& out,
                                                    ThreadPool& pool);

// Writes report.html, summary.json, scores.csv, perturbations.csv and, where embeddings were compared, similarity.csv
// (one of an earlier run is removed where they were not), and keeps in the store what the report shows of
// the perturbations. The store knows of no outputs afterwards, until keep_outputs().
Result<std::vector<WrittenFile>> write_outputs(const std::filesystem::path& out,
                                               const std::vector<TargetOutputs>& targets, const RunSummary& summary,
                                               const NoiseTable* noise, ThreadPool& pool);

// Has the store know the files as made from these plans, unless an evaluation failed and is to be tried again.
Result<void> keep_outputs(const std::vector<OutputsPlan>& plans, const std::vector<Store*>& stores,
                          std::vector<WrittenFile> files, const std::vector<SubmissionOutcome>& submissions);

}  // namespace headroom::cli
