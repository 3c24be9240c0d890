// Leaves what it learnt in a POSIX message queue. Takes it away again where it can.
#include <sys/syscall.h>

#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  const long queue = syscall(SYS_mq_open, "headroom-hostile", O_CREAT | O_RDWR, 0600, nullptr);
  if (queue >= 0) syscall(SYS_mq_unlink, "headroom-hostile");
  return queue >= 0;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
