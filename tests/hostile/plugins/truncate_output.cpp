// Shrinks the files behind its mappings, so that the host's next read would fault.
#include <sys/syscall.h>

#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  for (int fd = 4; fd < 64; ++fd) syscall(SYS_ftruncate, fd, 0);
  return false;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
