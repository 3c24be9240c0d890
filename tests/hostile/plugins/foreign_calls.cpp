// Makes a system call by the numbers of the x32 architecture, which a filter for this one does not know.
#include <sys/syscall.h>

#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  constexpr long kX32 = 0x40000000;
  return syscall(kX32 | SYS_getpid) > 0;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
