// The folder of a shard: its own store (results.sqlite, so that nothing is shared over a network), a copy of the plan,
// and shard.json, which tells what became of it.
#pragma once

#include <filesystem>
#include <optional>

#include "outcome/outcome.hpp"
#include "plan.pb.h"
#include "shards/plan_folder.hpp"
#include "shards/shard_name.hpp"

namespace headroom {

// What ShardRecord::state says.
inline constexpr const char* kShardRunning = "running";
inline constexpr const char* kShardDone = "done";
inline constexpr const char* kShardFailed = "failed";
inline constexpr const char* kShardInterrupted = "interrupted";

struct ShardFolder {
  std::filesystem::path folder;
  ShardRecord record;
  ShardName name() const { return {record.shard(), record.n_shards()}; }
};

// Error (bad_input): no folder of a shard.
Result<ShardFolder> read_shard(const std::filesystem::path& folder);

Result<void> write_shard_record(const std::filesystem::path& folder, const ShardRecord& record);

// Makes the folder, or takes up one of the same shard of the same plan. Error (bad_input): it holds something else.
Result<void> begin_shard(const std::filesystem::path& folder, const StoredPlan& plan, const ShardRecord& record);

// Where shard `name` lies beside a folder of another shard of the same plan: its last part is the number, "shards/3".
std::filesystem::path folder_beside(const std::filesystem::path& folder, const ShardName& name);

// The command that makes a shard.
std::string command_of_shard(const std::filesystem::path& plan, const ShardName& name,
                             const std::filesystem::path& folder);

}  // namespace headroom
