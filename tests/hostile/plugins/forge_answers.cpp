// Floods the host with answers that say "done".
#include "forgery.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  using namespace hostile;
  for (int sequence = 1; sequence < 100; ++sequence) {
    for (int i = 0; i < 20; ++i) hostile::send(field(1, sequence) + field(7, std::string()));
  }
  return true;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
