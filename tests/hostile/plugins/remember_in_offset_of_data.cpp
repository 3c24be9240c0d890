// Leaves a number in the offset of the data file, as it was inherited.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) { return collusion::in_offset(7); }
HEADROOM_HOSTILE_PREDICTOR(attack)
