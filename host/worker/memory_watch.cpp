#include "worker/memory_watch.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <new>

#include "sandbox/sandbox.hpp"
#include "worker/input_ranges.hpp"

namespace headroom {
namespace {

// Of the limit: what fails close to it is taken for its victim.
constexpr double kNearlyAll = 0.9;

std::atomic<bool> new_failed{false};
std::uint64_t limit_bytes = 0;

// Whether the kernel would refuse what is left to the limit. The process cannot read how much it has: the file that
// tells it tells of pages that others have read, too. Async-signal-safe.
bool address_space_is_nearly_used_up() {
  if (limit_bytes == 0) return false;
  const auto left = static_cast<std::size_t>(static_cast<double>(limit_bytes) * (1 - kNearlyAll));
  void* const more = mmap(nullptr, left, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (more == MAP_FAILED) return errno == ENOMEM;
  munmap(more, left);
  return false;
}

[[noreturn]] void remember_and_throw() {
  new_failed = true;
  throw std::bad_alloc();
}

void end_by(int signal_number, siginfo_t* about, void*) {
  if (signal_number == SIGSEGV && about->si_code == SEGV_ACCERR && lies_in_input(about->si_addr))
    _exit(kWroteInputExit);
  if (memory_is_short()) _exit(kOutOfMemoryExit);
  // A second one, with the default action, ends the process as the first would have.
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

}  // namespace

void watch_memory(std::uint64_t address_space_bytes) {
  limit_bytes = address_space_bytes;
  std::set_new_handler(remember_and_throw);
  // A stack of its own, so that an overflow of the stack can be told as well.
  alignas(16) static char handler_stack[std::size_t{64} << 10];
  stack_t stack{};
  stack.ss_sp = handler_stack;
  stack.ss_size = sizeof(handler_stack);
  sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_sigaction = end_by;
  action.sa_flags = SA_ONSTACK | SA_SIGINFO;
  for (const int number : {SIGSEGV, SIGBUS, SIGABRT}) sigaction(number, &action, nullptr);
}

bool memory_is_short() { return new_failed || address_space_is_nearly_used_up(); }

void forget_shortage() { new_failed = false; }

}  // namespace headroom
