// Sends descriptors along, to use up the host's.
#include "forgery.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  for (int i = 0; i < 100; ++i) hostile::send("x", 1 + i % 16);
  sleep(1000);
  return true;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
