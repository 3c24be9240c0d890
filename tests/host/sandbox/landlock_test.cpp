#include "sandbox/landlock.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "in_child.hpp"
#include "sandbox/file_descriptor.hpp"
#include "sandbox/privileges.hpp"
#include "sandbox/probe.hpp"

namespace headroom {
namespace {

bool opens(const std::string& path, int flags = O_RDONLY) {
  return static_cast<bool>(FileDescriptor(open(path.c_str(), flags | O_CLOEXEC)));
}

TEST(Landlock, LeavesTheSystemLibrariesAndOneFolder) {
  const auto folder = std::filesystem::path(testing::TempDir()) / ("headroom-landlock-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder / "own" / "deep");
  std::ofstream(folder / "own" / "deep" / "weights") << "w";
  std::ofstream(folder / "secret") << "s";
  const std::string outcome = in_child([&] {
    if (!forbid_new_privileges()) return 1;
    const FileDescriptor own(open((folder / "own").c_str(), O_PATH | O_CLOEXEC));
    if (!restrict_files(own.get())) return 2;
    if (!probe_file_access()) return 3;
    if (!opens(folder / "own" / "deep" / "weights")) return 4;
    if (opens(folder / "secret")) return 5;
    if (opens(folder / "own" / ".." / "secret")) return 6;
    if (opens("/etc/passwd") || opens("/proc/self/status") || opens("/")) return 7;
    if (!opens("/usr/lib", O_RDONLY | O_DIRECTORY)) return 8;
    if (opens(folder / "own" / "deep" / "weights", O_RDWR)) return 9;
    if (opens(folder / "own" / "new", O_CREAT | O_WRONLY)) return 10;
    if (mkdir((folder / "own" / "new").c_str(), 0700) == 0) return 11;
    if (unlink((folder / "own" / "deep" / "weights").c_str()) == 0) return 12;
    if (truncate((folder / "own" / "deep" / "weights").c_str(), 0) == 0) return 13;
    return 0;
  });
  if (outcome == "exit 2") GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_EQ(outcome, "exit 0");
}

TEST(Landlock, IsProbedByDoing) {
  EXPECT_FALSE(probe_file_access());  // not in force here
}

}  // namespace
}  // namespace headroom
