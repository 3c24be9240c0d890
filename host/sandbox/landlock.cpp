#include "sandbox/landlock.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "sandbox/file_descriptor.hpp"

namespace headroom {
namespace {

// The kernel's interface (Documentation/userspace-api/landlock.rst), spelled out here because it is younger than the
// headers of many systems that have it.
struct RulesetAttributes {
  std::uint64_t handled_access_fs = 0;
  std::uint64_t handled_access_net = 0;
  std::uint64_t scoped = 0;
};
struct __attribute__((packed)) PathBeneath {
  std::uint64_t allowed_access = 0;
  std::int32_t parent_fd = -1;
};
constexpr int kRulePathBeneath = 1;
constexpr unsigned kCreateRulesetVersion = 1;

constexpr std::uint64_t kReadFile = 1u << 2;
constexpr std::uint64_t kReadDir = 1u << 3;
constexpr std::uint64_t kAllNetwork = 0b11;  // bind and connect of TCP
constexpr std::uint64_t kAllScopes = 0b11;   // abstract unix sockets, signals

// Every right on files that an ABI knows: execute, read, write, list, remove, make (13 in the first ABI), then refer,
// truncate and the ioctls of devices.
std::uint64_t all_file_rights(int abi) {
  if (abi >= 5) return (1u << 16) - 1;
  if (abi >= 3) return (1u << 15) - 1;
  if (abi >= 2) return (1u << 14) - 1;
  return (1u << 13) - 1;
}

int create_ruleset(const RulesetAttributes* attributes, std::size_t size, unsigned flags) {
  return static_cast<int>(syscall(SYS_landlock_create_ruleset, attributes, size, flags));
}

tl::expected<void, SystemFailure> allow_reading(int ruleset, int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0) return system_failure("fstat");
  PathBeneath rule;
  rule.allowed_access = S_ISDIR(status.st_mode) ? kReadFile | kReadDir : kReadFile;
  rule.parent_fd = fd;
  if (syscall(SYS_landlock_add_rule, ruleset, kRulePathBeneath, &rule, 0) != 0)
    return system_failure("landlock_add_rule");
  return {};
}

}  // namespace

const std::vector<std::string>& readable_system_paths() {
  static const std::vector<std::string> paths = {
      "/usr/lib",
      "/usr/lib64",
      "/usr/local/lib",
      "/lib",
      "/lib64",
      "/etc/ld.so.cache",
      "/etc/alternatives",
      "/usr/share/zoneinfo",
      "/dev/null",
      "/dev/urandom",
      "/proc/cpuinfo",
      "/sys/devices/system/cpu/online",
      "/sys/devices/system/cpu/possible",
      "/sys/devices/system/cpu/present",
  };
  return paths;
}

tl::expected<LandlockOutcome, SystemFailure> restrict_files(int data_folder_fd,
                                                            const std::vector<std::string>& own_folders) {
  LandlockOutcome outcome;
  outcome.abi = create_ruleset(nullptr, 0, kCreateRulesetVersion);
  if (outcome.abi < 0) return system_failure("landlock_create_ruleset");
  outcome.denies_tcp = outcome.abi >= 4;
  outcome.denies_signals = outcome.abi >= 6;

  RulesetAttributes attributes;
  attributes.handled_access_fs = all_file_rights(outcome.abi);
  if (outcome.denies_tcp) attributes.handled_access_net = kAllNetwork;
  if (outcome.denies_signals) attributes.scoped = kAllScopes;
  // Older kernels accept the longer struct as long as what they do not know is zero.
  const FileDescriptor ruleset(create_ruleset(&attributes, sizeof(attributes), 0));
  if (!ruleset) return system_failure("landlock_create_ruleset");

  std::vector<std::string> paths = readable_system_paths();
  paths.insert(paths.end(), own_folders.begin(), own_folders.end());
  for (const std::string& path : paths) {
    const FileDescriptor folder(open(path.c_str(), O_PATH | O_CLOEXEC));
    if (!folder) continue;
    if (auto allowed = allow_reading(ruleset.get(), folder.get()); !allowed) return tl::unexpected(allowed.error());
  }
  if (data_folder_fd >= 0) {
    if (auto allowed = allow_reading(ruleset.get(), data_folder_fd); !allowed) return tl::unexpected(allowed.error());
  }
  if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0) return system_failure("landlock_restrict_self");
  return outcome;
}

}  // namespace headroom
