// A plan outside of the process that made it: written, read again, and cut into shards that different machines do.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "outcome/outcome.hpp"
#include "plan.pb.h"
#include "plan/plan.hpp"

namespace headroom {

// `settings`: what takes effect.
PlanRecord plan_record(const Plan& plan, const Task& task, const NoiseTable* noise, const RunOptions& options,
                       const Roster& roster, const RunSettings& settings);

// One JSON object with original field names, a newline at its end; the same plan gives the same bytes.
std::string plan_json(const PlanRecord& plan);
// `where`: for the error (bad_input), which says that this is no plan, or which item needs one that there is not.
Result<PlanRecord> parse_plan_json(const std::string& json, const std::string& where);

// Which items each of `n_shards` does: every item once, those that need each other together, about the same cost
// everywhere, positions ascending. The same plan gives the same shards. Shards may be empty.
std::vector<std::vector<std::size_t>> shards_of(const PlanRecord& plan, std::size_t n_shards);

}  // namespace headroom
