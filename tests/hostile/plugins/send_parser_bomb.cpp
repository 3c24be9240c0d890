// Answers with a message of as many empty parts as fit: each costs the reader far more than its two bytes.
#include "forgery.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  using namespace hostile;
  std::string layers;
  while (layers.size() < 60000) layers += field(2, std::string());
  hostile::send(field(4, field(1, layers)));
  sleep(1000);
  return true;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
