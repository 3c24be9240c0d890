// Leaves what it learnt in System V shared memory, which outlives the process. Takes it away again where it can.
#include <sys/ipc.h>
#include <sys/shm.h>

#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  const int segment = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
  if (segment >= 0) shmctl(segment, IPC_RMID, nullptr);
  return segment >= 0;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
