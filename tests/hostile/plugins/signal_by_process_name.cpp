// Gives itself a name and looks for its like.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) { return collusion::in_process_name(); }
HEADROOM_HOSTILE_PREDICTOR(attack)
