#include "sandbox/namespaces.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "sandbox/file_descriptor.hpp"

namespace headroom {
namespace {

bool is_there(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0;
}

TEST(Namespaces, ShowNothingOfTheSystemButItsLibraries) {
  const auto folder = std::filesystem::path(testing::TempDir()) / ("headroom-namespaces-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder / "own");
  std::filesystem::permissions(folder / "own", std::filesystem::perms(0755));
  std::ofstream(folder / "own" / "weights") << "w";
  const std::string source = folder.string(), data_folder = folder / "own";
  const bool shows_choices = is_there("/etc/alternatives");  // Debian's
  const uid_t user = geteuid();
  const gid_t group = getegid();
  const auto child = clone_into_namespaces();
  if (!child) GTEST_SKIP() << "no namespaces here: " << child.error().text();
  if (*child == 0) {
    if (!map_own_ids(user, group)) _exit(1);
    if (getpid() != 1 || geteuid() != user) _exit(2);
    const auto entered = enter_private_root({data_folder, true, 10, 0});
    if (!entered || !entered->files) {
      dprintf(2, "%s\n", (entered ? entered->files.error() : entered.error()).text().c_str());
      _exit(3);
    }
    if (entered->files->data_file) _exit(9);
    if (is_there(source) || is_there("/etc/passwd") || is_there("/home") || is_there("/var")) _exit(4);
    if (!is_there("/usr/lib") || !is_there("/lib64/ld-linux-x86-64.so.2") || !is_there("/dev/null")) _exit(5);
    if (!is_there("/data/weights") || is_there("/data/../" + source)) _exit(6);
    if (mkdir("/new", 0700) == 0 || FileDescriptor(open("/data/new", O_CREAT | O_WRONLY | O_CLOEXEC, 0600))) _exit(7);
    if (is_there("/proc/self") || is_there("/proc/1") || !is_there("/proc/cpuinfo")) _exit(8);
    if (is_there("/etc/alternatives") != shows_choices) _exit(15);
    // Its own files: filled through what is open, read by path, changed by nobody.
    const FileDescriptor memory(memfd_create("memory", MFD_CLOEXEC));
    if (write(memory.get(), "0123456789", 10) != 10) _exit(10);
    if (const auto filled = fill_private_file(entered->files->library, memory); !filled) _exit(11);
    const FileDescriptor library(open(kPrivateLibrary, O_RDONLY | O_CLOEXEC));
    char bytes[16] = {};
    if (read(library.get(), bytes, sizeof(bytes)) != 10 || std::string(bytes) != "0123456789") _exit(12);
    if (FileDescriptor(open(kPrivateLibrary, O_RDWR | O_CLOEXEC))) _exit(13);
    if (ftruncate(memory.get(), 9) != 0 || fill_private_file(entered->files->library, memory)) _exit(14);
    _exit(0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(*child, &status, 0), *child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace headroom
