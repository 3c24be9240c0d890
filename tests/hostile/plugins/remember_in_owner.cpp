// Leaves a process number as the owner of the library's open file.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) { return collusion::in_owner(6); }
HEADROOM_HOSTILE_PREDICTOR(attack)
