// Takes root's user id.
#include "hostile.hpp"

static bool attack(const hostile::Call&) { return setuid(0) == 0; }
HEADROOM_HOSTILE_PREDICTOR(attack)
