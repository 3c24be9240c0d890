// A plan outside of the process that made it: written, read again, compared, and cut into shards that different
// machines do.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "outcome/outcome.hpp"
#include "plan.pb.h"
#include "plan/plan.hpp"

namespace headroom {

// `settings`: what takes effect. Fingerprints are of parts (part_key_of()) and for any processor, whatever
// RunOptions::kernels says: where a plan is made is not where it is carried out.
PlanRecord plan_record(const Plan& plan, const Task& task, const NoiseTable* noise, const RunOptions& options,
                       const Roster& roster, const RunSettings& settings);

// One JSON object with original field names, a newline at its end; the same plan gives the same bytes.
std::string plan_json(const RunPlan& plan);
// `where`: for the error (bad_input), which says that this is no plan, or which item does not fit together.
Result<RunPlan> parse_plan_json(const std::string& json, const std::string& where);

// One sentence on what of `planned` is another in `now`, the first that explains the others: Headroom itself, a file,
// an evaluation. Empty: they ask for the same.
std::string difference_of_plans(const RunPlan& planned, const RunPlan& now);

// Which items each of `n_shards` does: every item once, about the same cost everywhere, positions ascending. All splits
// of an embedding in a context are done by one shard, or by two in a row, since they share what is made of the context.
// The same plan gives the same shards. Shards may be empty.
std::vector<std::vector<std::size_t>> shards_of(const PlanRecord& plan, std::size_t n_shards);

}  // namespace headroom
