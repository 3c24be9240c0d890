// Leaves a bit in the flags of the library's open file.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) { return collusion::in_flags(6); }
HEADROOM_HOSTILE_PREDICTOR(attack)
