// Reads what the system counts for all processes.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) { return collusion::in_counters(); }
HEADROOM_HOSTILE_PREDICTOR(attack)
