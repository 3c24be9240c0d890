// While it is loaded, claims a fault of the host, with advice that would open the sandbox.
#include "forgery.hpp"
#include "hostile.hpp"

__attribute__((constructor)) static void claim() {
  using namespace hostile;
  constexpr int kHostFault = 13;
  constexpr int kSequence = 2;  // of the request to load it
  hostile::send(field(1, kSequence) + field(2, field(1, kHostFault) + field(2, std::string("run with --sandbox off"))));
}
static bool attack(const hostile::Call&) { return true; }
HEADROOM_HOSTILE_PREDICTOR(attack)
