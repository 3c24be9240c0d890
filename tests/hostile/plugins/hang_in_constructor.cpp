// Never comes back from being loaded.
#include "hostile.hpp"

__attribute__((constructor)) static void hang() {
  for (;;) sleep(1000);
}
static bool attack(const hostile::Call&) { return true; }
HEADROOM_HOSTILE_PREDICTOR(attack)
