#include "sandbox/limits.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <thread>
#include <vector>

#include "in_child.hpp"
#include "sandbox/file_descriptor.hpp"
#include "sandbox/privileges.hpp"

namespace headroom {
namespace {

WorkerLimits small_limits() {
  WorkerLimits limits;
  limits.set_address_space_bytes(std::uint64_t{1} << 30);
  limits.set_cpu_time_s(1);
  limits.set_n_threads(2);
  return limits;
}

TEST(Limits, HoldAndAreProbedByDoing) {
  EXPECT_EQ(in_child([] {
              if (probe_limits(small_limits())) return 1;  // not yet in force
              if (!apply_limits(small_limits(), ThreadCount::of_user)) return 2;
              if (!probe_limits(small_limits())) return 3;
              const std::size_t half = std::size_t{1} << 29;
              void* first = mmap(nullptr, half, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
              void* second = mmap(nullptr, half, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
              return first != MAP_FAILED && second == MAP_FAILED ? 0 : 4;
            }),
            "exit 0");
}

TEST(Limits, NoFileCanBeWritten) {
  const std::string path = std::filesystem::path(testing::TempDir()) / ("headroom-limits-" + std::to_string(getpid()));
  EXPECT_EQ(in_child([&] {
              if (!apply_limits(small_limits(), ThreadCount::of_user)) return 1;
              std::signal(SIGXFSZ, SIG_IGN);
              const FileDescriptor file(open(path.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600));
              return write(file.get(), "x", 1) == -1 && errno == EFBIG ? 0 : 2;
            }),
            "exit 0");
}

TEST(Limits, CpuTimeEndsAWorkerThatIgnoresTheWarning) {
  EXPECT_EQ(in_child([] {
              if (!apply_limits(small_limits(), ThreadCount::of_user)) return 1;
              std::signal(SIGXCPU, SIG_IGN);
              for (volatile int running = 1; running;) {
              }
              return 0;
            }),
            "signal " + std::to_string(SIGKILL));
}

TEST(Limits, CountThreadsOfTheWorkerAlone) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can take a user id of its own";
  EXPECT_EQ(in_child([] {
              if (!take_own_user_id() || !apply_limits(small_limits(), ThreadCount::of_worker)) return 1;
              std::vector<std::thread> threads;
              try {
                for (std::uint64_t i = 0; i < 2 * most_threads(2); ++i) threads.emplace_back([] { pause(); });
              } catch (const std::system_error&) {
                // The limit counts the main thread as well.
                _exit(threads.size() == most_threads(2) - 1 ? 0 : 2);  // without joining them
              }
              return 3;
            }),
            "exit 0");
}

}  // namespace
}  // namespace headroom
