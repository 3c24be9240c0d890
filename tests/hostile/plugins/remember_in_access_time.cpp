// Reads a data file: the time of its last access stays.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call& call) { return collusion::in_access_time_of(call.data_folder() + "/marks"); }
HEADROOM_HOSTILE_PREDICTOR(attack)
