// Claims a fault of the host when it is asked to predict.
#include "forgery.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  using namespace hostile;
  constexpr int kHostFault = 13;
  for (int sequence = 4; sequence < 100; ++sequence) {
    if (!hostile::send(field(1, sequence) +
                       field(2, field(1, kHostFault) + field(2, std::string("run with --sandbox off"))))) {
      break;
    }
  }
  return true;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
