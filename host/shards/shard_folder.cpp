#include "shards/shard_folder.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include "io/atomic_file.hpp"
#include "io/bounded_file.hpp"
#include "terminal/shell_word.hpp"

namespace headroom {
namespace {

namespace fs = std::filesystem;

constexpr const char* kRecord = "shard.json";

}  // namespace

Result<ShardFolder> read_shard(const fs::path& folder) {
  constexpr std::uint64_t most_bytes = 1 << 20;
  const fs::path path = folder / kRecord;
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    return bad_input("this is no folder of a shard", folder.string(), "give what headroom run --plan --shard wrote");
  }
  const auto json = read_bounded_file(path, most_bytes);
  if (!json) return tl::unexpected<Error>(json.error());
  ShardFolder shard{folder, {}};
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const bool is_read = google::protobuf::util::JsonStringToMessage(*json, &shard.record, options).ok();
  const ShardName name = shard.name();
  if (!is_read || name.shard < 1 || name.shard > name.n_shards || name.n_shards > kMostShards) {
    return bad_input("this does not tell of a shard", path.string(), "make the shard again");
  }
  return shard;
}

Result<void> write_shard_record(const fs::path& folder, const ShardRecord& record) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.add_whitespace = true;
  std::string json;
  (void)google::protobuf::util::MessageToJsonString(record, &json, options);
  return write_file_atomically(folder / kRecord, json);
}

Result<void> begin_shard(const fs::path& folder, const StoredPlan& plan, const ShardRecord& record) {
  std::error_code error;
  if (fs::exists(folder / kRecord, error)) {
    const auto there = read_shard(folder);
    if (!there) return tl::unexpected<Error>(there.error());
    const ShardName now{record.shard(), record.n_shards()};
    if (!(there->name() == now)) {
      return bad_input(fmt::format("the folder holds shard {}, not {}", there->name().text(), now.text()),
                       folder.string(), "give each shard a folder of its own with -o");
    }
    if (there->record.plan_sha256() != record.plan_sha256()) {
      return bad_input("the folder holds a shard of another plan", folder.string(),
                       "give another folder with -o, or remove this one");
    }
  } else if (fs::exists(folder / "summary.json", error)) {
    return bad_input("the folder holds the results of a run", folder.string(), "give another folder with -o");
  }
  fs::create_directories(folder, error);
  if (error) return bad_input("cannot make the folder for the shard", folder.string(), error.message());
  if (auto written = write_file_atomically(folder / "plan.json", plan.json); !written) return written;
  return write_shard_record(folder, record);
}

fs::path folder_beside(const fs::path& folder, const ShardName& name) {
  const fs::path plain = folder.has_filename() ? folder : folder.parent_path();
  return plain.parent_path() / std::to_string(name.shard);
}

std::string command_of_shard(const fs::path& plan, const ShardName& name, const fs::path& folder) {
  return fmt::format("headroom run --plan {} --shard {} -o {}", shell_word(plan.string()), name.text(),
                     shell_word(folder.string()));
}

}  // namespace headroom
