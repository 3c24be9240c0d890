// Reads and writes an extended attribute of a data file.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call& call) { return collusion::in_attribute(call.data_folder() + "/marks"); }
HEADROOM_HOSTILE_PREDICTOR(attack)
