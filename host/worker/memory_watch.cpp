#include "worker/memory_watch.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>

#include "sandbox/sandbox.hpp"

namespace headroom {
namespace {

// Of the limit: what fails close to it is taken for its victim.
constexpr double kNearlyAll = 0.9;

std::atomic<bool> new_failed{false};
int status_file = -1;
std::uint64_t limit_bytes = 0;

// The most address space that the process ever had, in bytes; 0 if unknown. Async-signal-safe.
std::uint64_t peak_address_space() {
  char text[4096];
  const ssize_t length = status_file < 0 ? -1 : pread(status_file, text, sizeof(text) - 1, 0);
  if (length <= 0) return 0;
  text[length] = '\0';
  const char* line = std::strstr(text, "VmPeak:");
  if (!line) return 0;
  std::uint64_t kilobytes = 0;
  for (line += std::strlen("VmPeak:"); *line == ' ' || *line == '\t'; ++line) {
  }
  for (; *line >= '0' && *line <= '9'; ++line) kilobytes = kilobytes * 10 + static_cast<std::uint64_t>(*line - '0');
  return kilobytes * 1024;
}

[[noreturn]] void remember_and_throw() {
  new_failed = true;
  throw std::bad_alloc();
}

void end_by(int signal_number) {
  if (memory_is_short()) _exit(kOutOfMemoryExit);
  // A second one, with the default action, ends the process as the first would have.
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

}  // namespace

void watch_memory(int status_fd, std::uint64_t address_space_bytes) {
  status_file = status_fd;
  limit_bytes = address_space_bytes;
  std::set_new_handler(remember_and_throw);
  // A stack of its own, so that an overflow of the stack can be told as well.
  alignas(16) static char handler_stack[std::size_t{64} << 10];
  stack_t stack{};
  stack.ss_sp = handler_stack;
  stack.ss_size = sizeof(handler_stack);
  sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_handler = end_by;
  action.sa_flags = SA_ONSTACK;
  for (const int number : {SIGSEGV, SIGBUS, SIGABRT}) sigaction(number, &action, nullptr);
}

bool memory_is_short() {
  if (new_failed) return true;
  return limit_bytes > 0 && static_cast<double>(peak_address_space()) > kNearlyAll * static_cast<double>(limit_bytes);
}

void forget_shortage() { new_failed = false; }

}  // namespace headroom
