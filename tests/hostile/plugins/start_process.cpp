// Starts another process.
#include <sys/wait.h>

#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  return child > 0 && waitpid(child, nullptr, 0) == child;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
