// Leaves what it learnt in System V semaphores. Takes them away again where it can.
#include <sys/sem.h>

#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  const int set = semget(IPC_PRIVATE, 1, IPC_CREAT | 0600);
  if (set >= 0) semctl(set, 0, IPC_RMID);
  return set >= 0;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
