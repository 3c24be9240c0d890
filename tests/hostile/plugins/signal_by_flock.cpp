// The same with flock, which libraries use in good faith: refused, not punished.
#include <sys/file.h>

#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  const int file = open("/etc/ld.so.cache", O_RDONLY | O_CLOEXEC);
  return flock(file, LOCK_SH | LOCK_NB) == 0;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
