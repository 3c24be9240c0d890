// Reads the library, so that others who have it see the time of the last access change.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) { return collusion::in_access_time(6); }
HEADROOM_HOSTILE_PREDICTOR(attack)
