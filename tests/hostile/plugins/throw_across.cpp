// Throws through the C boundary, an object that is no std::exception.
#include "hostile.hpp"

static bool attack(const hostile::Call&) { throw 42; }
HEADROOM_HOSTILE_PREDICTOR(attack)
