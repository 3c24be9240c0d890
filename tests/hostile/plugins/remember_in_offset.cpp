// Leaves a number in the offset of the library's open file.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) { return collusion::in_offset(6); }
HEADROOM_HOSTILE_PREDICTOR(attack)
