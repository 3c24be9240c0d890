// Leaves what it learnt in a System V message queue. Takes it away again where it can.
#include <sys/msg.h>

#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  const int queue = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
  if (queue >= 0) msgctl(queue, IPC_RMID, nullptr);
  return queue >= 0;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
