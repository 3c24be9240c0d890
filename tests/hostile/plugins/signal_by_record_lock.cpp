// Asks who has locked a data file, and locks it.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call& call) { return collusion::in_lock(call.data_folder() + "/marks"); }
HEADROOM_HOSTILE_PREDICTOR(attack)
