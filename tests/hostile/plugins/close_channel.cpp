// Closes its channel to the host and lives on.
#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  close(3);
  sleep(1000);
  return true;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
