#include "shards/plan_folder.hpp"

#include <cerrno>
#include <cstring>

#include "io/atomic_file.hpp"
#include "io/bounded_file.hpp"
#include "io/own_file.hpp"
#include "io/sha256.hpp"
#include "plan/plan_record.hpp"

namespace headroom {
namespace {

constexpr OwnMark kPlanMark{"plan.json", R"("headroom_build")"};

}  // namespace

Result<void> write_plan(const std::filesystem::path& folder, const RunPlan& plan) {
  const std::filesystem::path path = folder / kPlanMark.name;
  if (!may_replace(path, kPlanMark)) {
    return bad_input("a file that Headroom did not write would be replaced", path.string(),
                     "give another folder with -o");
  }
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return bad_input("cannot make the folder for the plan", folder.string(), error.message());
  return write_file_atomically(path, plan_json(plan));
}

Result<StoredPlan> read_plan(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / kPlanMark.name;
  constexpr std::uint64_t most_bytes = std::uint64_t{1} << 30;  // thousands of submissions in many contexts
  auto json = read_bounded_file(path, most_bytes);
  if (!json) return tl::unexpected<Error>(json.error());
  StoredPlan stored;
  stored.json = std::move(*json);
  auto plan = parse_plan_json(stored.json, path.string());
  if (!plan) return tl::unexpected<Error>(plan.error());
  stored.plan = std::move(*plan);
  auto sha256 = sha256_of_bytes(stored.json);
  if (!sha256) return tl::unexpected<Error>(sha256.error());
  stored.sha256 = std::move(*sha256);
  return stored;
}

}  // namespace headroom
