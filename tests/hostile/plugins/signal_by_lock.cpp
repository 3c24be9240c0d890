// Locks a part of a file that every worker can open: bits for a worker that runs at the same time.
#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  struct flock lock {};
  lock.l_type = F_RDLCK;
  const int file = open("/etc/ld.so.cache", O_RDONLY | O_CLOEXEC);
  return fcntl(file, F_SETLK, &lock) == 0;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
