// Which part of a plan: "3/24", counted from 1.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "outcome/outcome.hpp"

namespace headroom {

struct ShardName {
  std::size_t shard = 1, n_shards = 1;  // 1 <= shard <= n_shards

  std::string text() const;
  friend bool operator==(const ShardName&, const ShardName&) = default;
};

// More shards than anybody has machines are a slip of the pen.
inline constexpr std::size_t kMostShards = 100000;

// Error (bad_input): another form, or a shard that there is not.
Result<ShardName> parse_shard_name(std::string_view text);

}  // namespace headroom
