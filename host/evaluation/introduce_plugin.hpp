// The first meeting with a plugin: what it says of itself, and what a reader says of its file.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "outcome/outcome.hpp"
#include "plan/roster.hpp"
#include "plan/run_options.hpp"
#include "review/doubt.hpp"
#include "task/task.hpp"

namespace headroom {

// By the name of an embedding: what is doubtful about its file of vectors, which was read before and had no fault.
using ReviewedVectors = std::map<std::string, std::vector<Doubt>>;

// What readers are told of the task, and whether they are asked what is doubtful about their files as answers to it.
struct FileReview {
  const Task* task = nullptr;
  bool is_asked = false;
  bool contexts_were_chosen = false;  // the task is a part of the user's, by --context
  // sha256 of files of vectors that an earlier run reviewed. With VectorFiles::leave the others are read nevertheless.
  std::set<std::string> reviewed;
  ReviewedVectors reviewed_vectors = {};  // the same, with what was found
};

// Has the plugin describe itself in a worker of its own, and fills its entry: description, confinement, notes, doubts,
// or its fault. The user's options are given only once it is known that the plugin declares them: an unknown one is the
// user's mistake, not the plugin's. Error: the machine's, which no plugin is at fault for.
Result<void> meet(RosterEntry& entry, const RunOptions& options, const FileReview& review);

}  // namespace headroom
