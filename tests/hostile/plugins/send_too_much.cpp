// Answers with a frame longer than any may be.
#include "forgery.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  hostile::send(std::string(100000, 'x'));
  sleep(1000);
  return true;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
