// Answers each request just before a limit of one second would end it.
#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  usleep(700000);
  return true;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
