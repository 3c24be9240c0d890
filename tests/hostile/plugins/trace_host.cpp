// Attaches to the host as a debugger, and lets go at once.
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "hostile.hpp"

static bool attack(const hostile::Call& call) {
  const auto host = static_cast<pid_t>(call.number("host_pid"));
  if (ptrace(PTRACE_SEIZE, host, nullptr, nullptr) != 0) return false;
  ptrace(PTRACE_DETACH, host, nullptr, nullptr);
  return true;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
