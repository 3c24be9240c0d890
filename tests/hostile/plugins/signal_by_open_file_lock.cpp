// Locks a data file for the open file, which no process owns.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call& call) { return collusion::in_open_file_lock(call.data_folder() + "/marks"); }
HEADROOM_HOSTILE_PREDICTOR(attack)
