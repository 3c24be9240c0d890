// Does not answer, and trickles bytes into the log meanwhile.
#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  for (int i = 0; i < 40; ++i) {
    usleep(50000);
    if (write(2, ".", 1) < 0) break;
  }
  return true;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
