#include "worker/memory_watch.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <new>

#include "sandbox/sandbox.hpp"

namespace headroom {
namespace {

constexpr std::uint64_t kLimitBytes = std::uint64_t{1} << 30;

int own_status() { return open("/proc/self/status", O_RDONLY | O_CLOEXEC); }

// Each in a process of its own: handlers and peaks stay.
TEST(MemoryWatch, RemembersThatNewFailed) {
  EXPECT_EXIT(
      {
        watch_memory(-1, kLimitBytes);
        if (memory_is_short()) _exit(1);
        try {
          static_cast<void>(::operator new (std::size_t{1} << 62));
        } catch (const std::bad_alloc&) {
        }
        if (!memory_is_short()) _exit(2);
        forget_shortage();
        _exit(memory_is_short() ? 3 : 0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(MemoryWatch, SeesThatAddressSpaceIsNearlyUsedUp) {
  EXPECT_EXIT(
      {
        watch_memory(own_status(), kLimitBytes);
        if (memory_is_short()) _exit(1);
        mmap(nullptr, kLimitBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        _exit(memory_is_short() ? 0 : 2);
      },
      testing::ExitedWithCode(0), "");
}

TEST(MemoryWatch, TurnsACrashForWantOfMemoryIntoAnExit) {
  EXPECT_EXIT(
      {
        watch_memory(own_status(), kLimitBytes);
        mmap(nullptr, kLimitBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        std::abort();
      },
      testing::ExitedWithCode(kOutOfMemoryExit), "");
}

TEST(MemoryWatch, LeavesOtherCrashesAsTheyAre) {
  EXPECT_EXIT(
      {
        watch_memory(own_status(), kLimitBytes);
        std::abort();
      },
      testing::KilledBySignal(SIGABRT), "");
  EXPECT_EXIT(
      {
        watch_memory(own_status(), kLimitBytes);
        raise(SIGSEGV);
      },
      testing::KilledBySignal(SIGSEGV), "");
}

}  // namespace
}  // namespace headroom
