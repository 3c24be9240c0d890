// Waits on a page of the C library; another process wakes it and hears that it did.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) { return collusion::in_futex(); }
HEADROOM_HOSTILE_PREDICTOR(attack)
