// Changes how the kernel lays out its memory.
#include <sys/personality.h>

#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  constexpr unsigned long kAsk = 0xffffffff;
  return personality(kAsk) != -1 && personality(ADDR_NO_RANDOMIZE) != -1;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
