// Answers with bytes that are no message.
#include "forgery.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  hostile::send(std::string(1000, '\xff'));
  sleep(1000);
  return true;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
