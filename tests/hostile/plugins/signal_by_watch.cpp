// Watches a data file that another worker reads.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call& call) { return collusion::in_watch(call.data_folder() + "/marks"); }
HEADROOM_HOSTILE_PREDICTOR(attack)
