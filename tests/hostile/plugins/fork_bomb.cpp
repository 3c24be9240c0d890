// Starts processes that start processes. Where nothing stops the first one, the bomb is a small one.
#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  for (int depth = 0; depth < 6; ++depth) {
    if (fork() < 0) return false;
  }
  sleep(1000);
  return true;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
