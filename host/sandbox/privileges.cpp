#include "sandbox/privileges.hpp"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace headroom {
namespace {

// Far above what user databases hand out, and so many that no two workers draw the same. A container that maps fewer
// ids gets one from the range that is kept for such passing users.
constexpr unsigned kManyIds = 0x70000000;
constexpr unsigned kManyIdsCount = 0x0f000000;
constexpr unsigned kFewIds = 61184;
constexpr unsigned kFewIdsCount = 4336;

struct Capabilities {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
};

}  // namespace

tl::expected<void, SystemFailure> take_own_user_id() {
  unsigned drawn = 0;
  if (getrandom(&drawn, sizeof(drawn), 0) != static_cast<ssize_t>(sizeof(drawn))) return system_failure("getrandom");
  if (setgroups(0, nullptr) != 0) return system_failure("setgroups");
  for (const unsigned id : {kManyIds + drawn % kManyIdsCount, kFewIds + drawn % kFewIdsCount}) {
    if (setresgid(id, id, id) != 0) continue;
    if (setresuid(id, id, id) == 0) return {};
    if (errno != EINVAL) return system_failure("setresuid");
  }
  return system_failure("setresuid");
}

tl::expected<void, SystemFailure> drop_capabilities() {
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  Capabilities none;
  if (syscall(SYS_capset, &none.header, none.data) != 0) return system_failure("capset");
  return {};
}

tl::expected<void, SystemFailure> probe_capabilities() {
  Capabilities held;
  if (syscall(SYS_capget, &held.header, held.data) != 0) return system_failure("capget");
  for (const auto& part : held.data) {
    if (part.effective != 0 || part.permitted != 0) return system_failure("capget", EPERM);
  }
  return {};
}

tl::expected<void, SystemFailure> forbid_new_privileges() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_failure("prctl PR_SET_NO_NEW_PRIVS");
  return {};
}

tl::expected<void, SystemFailure> forbid_dumping() {
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return system_failure("prctl PR_SET_DUMPABLE");
  return {};
}

}  // namespace headroom
