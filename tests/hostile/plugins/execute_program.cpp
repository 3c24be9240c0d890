// Becomes another program, which ends with a code of its own.
#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  execl("/bin/sh", "sh", "-c", "exit 77", nullptr);
  return false;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
