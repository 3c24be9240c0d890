// Takes a lease on a data file, which another breaks by opening it.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call& call) { return collusion::in_lease(call.data_folder() + "/marks"); }
HEADROOM_HOSTILE_PREDICTOR(attack)
