#include "slurm/submission_record.hpp"

#include <google/protobuf/util/json_util.h>

#include "io/atomic_file.hpp"
#include "io/bounded_file.hpp"

namespace headroom {
namespace {

constexpr const char* kSubmission = "submission.json";

}  // namespace

Result<std::optional<SubmissionRecord>> read_submission(const std::filesystem::path& out) {
  constexpr std::uint64_t most_bytes = 1 << 24;
  const std::filesystem::path path = out / kSubmission;
  std::error_code ignored;
  if (!std::filesystem::exists(path, ignored)) return std::optional<SubmissionRecord>();
  const auto json = read_bounded_file(path, most_bytes);
  if (!json) return tl::unexpected<Error>(json.error());
  SubmissionRecord record;
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  if (!google::protobuf::util::JsonStringToMessage(*json, &record, options).ok() || record.n_shards() < 1) {
    return bad_input("this does not tell of a submitted study", path.string(), "give another folder with -o");
  }
  return std::optional(std::move(record));
}

Result<void> write_submission(const std::filesystem::path& out, const SubmissionRecord& record) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.add_whitespace = true;
  std::string json;
  (void)google::protobuf::util::MessageToJsonString(record, &json, options);
  return write_file_atomically(out / kSubmission, json);
}

}  // namespace headroom
