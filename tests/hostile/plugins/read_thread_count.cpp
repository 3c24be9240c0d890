// Asks how many threads the machine has: everybody who starts some changes it.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) { return collusion::in_thread_count(); }
HEADROOM_HOSTILE_PREDICTOR(attack)
