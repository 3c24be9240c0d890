// The folder that a plan lies in: plan.json.
#pragma once

#include <filesystem>
#include <string>

#include "outcome/outcome.hpp"
#include "plan.pb.h"

namespace headroom {

struct StoredPlan {
  RunPlan plan;
  std::string json;    // the file as it is
  std::string sha256;  // of it: shards of one plan know each other by it
};

// Makes the folder. Error (bad_input): a file of that name is there that is no plan.
Result<void> write_plan(const std::filesystem::path& folder, const RunPlan& plan);

Result<StoredPlan> read_plan(const std::filesystem::path& folder);

}  // namespace headroom
