#include "worker/memory_watch.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <new>

#include "sandbox/sandbox.hpp"
#include "worker/input_ranges.hpp"

namespace headroom {
namespace {

constexpr std::uint64_t kLimitBytes = std::uint64_t{1} << 30;

void limit_address_space() {
  const rlimit limit{kLimitBytes, kLimitBytes};
  if (setrlimit(RLIMIT_AS, &limit) != 0) _exit(9);
}
// All but a twentieth of it.
void use_up_address_space() {
  std::size_t piece = kLimitBytes;
  while (piece > kLimitBytes / 20) {
    if (mmap(nullptr, piece, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) == MAP_FAILED) piece /= 2;
  }
}

// Each in a process of its own: handlers and peaks stay.
TEST(MemoryWatch, RemembersThatNewFailed) {
  EXPECT_EXIT(
      {
        watch_memory(0);
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
        limit_address_space();
        watch_memory(kLimitBytes);
        if (memory_is_short()) _exit(1);
        use_up_address_space();
        _exit(memory_is_short() ? 0 : 2);
      },
      testing::ExitedWithCode(0), "");
}

TEST(MemoryWatch, TurnsACrashForWantOfMemoryIntoAnExit) {
  EXPECT_EXIT(
      {
        limit_address_space();
        watch_memory(kLimitBytes);
        use_up_address_space();
        std::abort();
      },
      testing::ExitedWithCode(kOutOfMemoryExit), "");
}

TEST(MemoryWatch, TellsWritingIntoAnInputFromOtherCrashes) {
  const auto write_into_page = [](bool is_input) {
    watch_memory(0);
    constexpr std::size_t kPage = 4096;
    void* const page = mmap(nullptr, kPage, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    note_input_range(page, kPage);
    if (!is_input) forget_input_range(page);
    static_cast<volatile char*>(page)[kPage - 1] = 1;
  };
  EXPECT_EXIT(write_into_page(true), testing::ExitedWithCode(kWroteInputExit), "");
  EXPECT_EXIT(write_into_page(false), testing::KilledBySignal(SIGSEGV), "");
}

TEST(MemoryWatch, LeavesOtherCrashesAsTheyAre) {
  EXPECT_EXIT(
      {
        watch_memory(kLimitBytes);
        std::abort();
      },
      testing::KilledBySignal(SIGABRT), "");
  EXPECT_EXIT(
      {
        watch_memory(kLimitBytes);
        raise(SIGSEGV);
      },
      testing::KilledBySignal(SIGSEGV), "");
}

}  // namespace
}  // namespace headroom
