// Installs a system-call filter of its own, with itself as the one that is asked.
#include <sys/syscall.h>

#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  constexpr int kGetActionAvailable = 2;
  const std::uint32_t action = 0x7fff0000;
  return syscall(SYS_seccomp, kGetActionAvailable, 0, &action) == 0;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
