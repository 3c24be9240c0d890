// Asks for the links of /proc: one for every process.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) { return collusion::in_links_of_proc(); }
HEADROOM_HOSTILE_PREDICTOR(attack)
