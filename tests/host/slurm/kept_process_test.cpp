#include "kept_process.hpp"

#include <gtest/gtest.h>

#include "host/io/temporary_folder.hpp"

namespace headroom {
namespace kept_process_test {

namespace fs = std::filesystem;
using testing::KeptProcess;
using testing::TemporaryFolder;

bool is_there(pid_t pid) { return kill(pid, 0) == 0; }

// Waits for the process to write its id.
pid_t id_in(const fs::path& file) {
  for (int i = 0; i < 200; ++i) {
    pid_t pid = 0;
    if (std::ifstream(file) >> pid) return pid;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return 0;
}

bool ends(pid_t pid) {
  for (int i = 0; i < 200 && is_there(pid); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  return !is_there(pid);
}

// A program with a child that has detached itself, as slurmstepd does.
std::vector<std::string> program_with_detached(const fs::path& folder) {
  const std::string detached = "setsid sh -c 'echo $$ > " + (folder / "detached").string() + "; exec sleep 300' & ";
  return {"/bin/sh", "-c", detached + "sleep 1; echo $$ > " + (folder / "program").string() + "; exec sleep 300"};
}

TEST(KeptProcess, LeavesNothingBehindWhenItIsEnded) {
  const TemporaryFolder folder;
  pid_t program = 0, detached = 0;
  {
    KeptProcess kept(program_with_detached(folder.path()), (folder.path() / "log").string());
    program = id_in(folder.path() / "program");
    detached = id_in(folder.path() / "detached");
    ASSERT_TRUE(program > 0 && detached > 0);
    EXPECT_TRUE(kept.is_alive() && is_there(program) && is_there(detached));
  }
  EXPECT_TRUE(ends(program));
  EXPECT_TRUE(ends(detached));
}

TEST(KeptProcess, LeavesNothingBehindWhenTheTestIsKilled) {
  const TemporaryFolder folder;
  const pid_t test = fork();
  if (test == 0) {
    const KeptProcess kept(program_with_detached(folder.path()), (folder.path() / "log").string());
    for (;;) pause();
  }
  const pid_t program = id_in(folder.path() / "program"), detached = id_in(folder.path() / "detached");
  ASSERT_TRUE(program > 0 && detached > 0);
  kill(test, SIGKILL);
  waitpid(test, nullptr, 0);
  EXPECT_TRUE(ends(program));
  EXPECT_TRUE(ends(detached));
}

TEST(KeptProcess, TellsWhenTheProgramHasEnded) {
  const TemporaryFolder folder;
  KeptProcess kept({"/bin/true"}, (folder.path() / "log").string());
  for (int i = 0; i < 200 && kept.is_alive(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(kept.is_alive());
}

}  // namespace kept_process_test
}  // namespace headroom
