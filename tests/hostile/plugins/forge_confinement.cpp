// Says, while it is loaded, that the worker is fully confined: in the place of its description.
#include "forgery.hpp"
#include "hostile.hpp"

__attribute__((constructor)) static void forge() {
  using namespace hostile;
  constexpr int kFull = 3;
  hostile::send(field(1, 2) + field(4, field(1, field(1, kFull))));  // sequence 2; ready { confinement { level } }
}
static bool attack(const hostile::Call&) { return true; }
HEADROOM_HOSTILE_PREDICTOR(attack)
