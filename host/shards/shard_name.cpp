#include "shards/shard_name.hpp"

#include <fmt/format.h>

#include <charconv>

namespace headroom {
namespace {

bool read_number(std::string_view text, std::size_t& number) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  return !text.empty() && read.ec == std::errc() && read.ptr == text.data() + text.size();
}

}  // namespace

std::string ShardName::text() const { return fmt::format("{}/{}", shard, n_shards); }

Result<ShardName> parse_shard_name(std::string_view text) {
  ShardName name;
  const std::size_t slash = text.find('/');
  const bool is_read = slash != std::string_view::npos && read_number(text.substr(0, slash), name.shard) &&
                       read_number(text.substr(slash + 1), name.n_shards);
  if (!is_read || name.shard < 1 || name.shard > name.n_shards || name.n_shards > kMostShards) {
    return bad_input(fmt::format("'{}' is no shard", text), "--shard",
                     fmt::format("write it as I/N, the I-th of N parts: 1/24 to 24/24, N at most {}", kMostShards));
  }
  return name;
}

}  // namespace headroom
