// Writes where nothing is.
#include "hostile.hpp"

static volatile std::uintptr_t nowhere = 8;
static bool attack(const hostile::Call&) {
  *reinterpret_cast<volatile int*>(nowhere) = 1;
  return true;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
