#include "sandbox/privileges.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>

#include "in_child.hpp"
#include "sandbox/file_descriptor.hpp"

namespace headroom {
namespace {

TEST(Privileges, RootBecomesNobodyElse) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can take another user id";
  EXPECT_EQ(in_child([] {
              if (!take_own_user_id()) return 1;
              if (getuid() < 60000 || geteuid() != getuid() || getegid() != getuid()) return 2;
              if (setresuid(0, 0, 0) == 0) return 3;
              if (FileDescriptor(open("/etc/shadow", O_RDONLY | O_CLOEXEC))) return 4;
              return probe_capabilities() ? 0 : 5;
            }),
            "exit 0");
}

TEST(Privileges, CapabilitiesAreGoneAndProbed) {
  EXPECT_EQ(in_child([] {
              if (geteuid() == 0 && probe_capabilities()) return 1;
              if (!drop_capabilities() || !probe_capabilities()) return 2;
              return 0;
            }),
            "exit 0");
}

TEST(Privileges, NothingIsWonByExecuting) {
  EXPECT_EQ(in_child([] {
              if (!forbid_new_privileges() || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return 1;
              return 0;
            }),
            "exit 0");
}

TEST(Privileges, TheProcessIsNotDumpable) {
  EXPECT_EQ(in_child([] { return forbid_dumping() && prctl(PR_GET_DUMPABLE) == 0 ? 0 : 1; }), "exit 0");
}

}  // namespace
}  // namespace headroom
