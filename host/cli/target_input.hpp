// The targets of a run: which of what the task holds is predicted, and the task and the options as each target sees
// them.
#pragma once

#include <string>
#include <vector>

#include "cli/task_input.hpp"
#include "outcome/outcome.hpp"
#include "plan/roster.hpp"
#include "plan/run_options.hpp"
#include "plan/target.hpp"

namespace headroom::cli {

struct TargetInput {
  const Target* target = nullptr;
  Task task;
  RunOptions options;
};

// `names`: as --target gives them; empty: all that the task holds and `options` asks for (one that cannot be evaluated
// is left out then, which stderr hears); of finished predictions, which hold one or the other, the first alone, and of
// cells theirs. At least one, in the order of all_targets(). Errors (bad_input): an unknown name, one that the task
// does not hold, metrics that are of none of them.
Result<std::vector<TargetInput>> split_by_target(Task task, const RunOptions& options,
                                                 const std::vector<std::string>& names, bool quiet);

// What read_task() left out of `whole`, for tasks that were split before. The tasks stay where they are.
Result<void> read_values(Task& whole, std::vector<TargetInput>& targets, const TaskOptions& options);

// Error (bad_input): a key of --grid or --set that no plugin of any target has.
Result<void> check_keys_are_used(const std::vector<const Roster*>& rosters);

}  // namespace headroom::cli
