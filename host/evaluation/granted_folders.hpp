// What plugins may read as it lies, the folders that their user gives, must hold nothing that they must not see: a test
// label in the task, results, another plugin.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "outcome/outcome.hpp"
#include "plan/run_options.hpp"

namespace headroom {

struct GuardedPath {
  std::string what;  // "the task", "the results (-o)"
  std::filesystem::path path;
};

// Compares canonical paths: of plugins that are folders, of --python-path, and of `guarded` (empty paths count for
// nothing) with the run's other plugins. A folder that is given also must not hold a task or results of other runs, by
// the names of their files. Errors (bad_input): the user's folder holds one of these. A submission that does gets its
// `fault`.
Result<void> keep_apart(RunOptions& options, const std::vector<GuardedPath>& guarded);

}  // namespace headroom
