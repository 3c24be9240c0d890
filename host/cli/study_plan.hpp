// The plan of a study as a value (plan.json), and a study from such a value: planned again where a shard is evaluated
// or shards are gathered, and refused where anything has changed.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "cli/planned_study.hpp"
#include "outcome/outcome.hpp"
#include "plan.pb.h"
#include "shards/plan_folder.hpp"

namespace headroom::cli {

// What the study does, and every file that it reads, by hash.
Result<RunPlan> run_plan_of(PlannedStudy& study, const std::string& folder);

// The plan of `headroom plan`, and of what is submitted.
Result<RunPlan> make_run_plan(const RunArguments& arguments);

// The flags of a plan with an output folder of their own; `where` names the plan in errors. Relative paths of the plan
// are relative to its folder, which becomes the current one; `out` must be absolute.
Result<RunArguments> arguments_of_plan(const StoredPlan& plan, const std::string& where,
                                       const std::filesystem::path& out, const CommonArguments& common);

// Submissions that the plan evaluates.
std::set<std::string> submissions_of_plan(const RunPlan& plan);

// Embeddings whose files of vectors were read as the plan was made: it holds their hashes, so that they need not be
// read again to be known.
ReviewedVectors reviewed_vectors_of(const RunPlan& plan);

// sha256 of files of vectors that none of these items (per target) asks.
std::set<std::string> vectors_not_asked(const RunPlan& plan, const std::vector<std::vector<std::size_t>>& items);

// Error (bad_input): what has changed since the plan was made.
Result<void> require_same_plan(const RunPlan& plan, PlannedStudy& study, const std::string& where);

}  // namespace headroom::cli
