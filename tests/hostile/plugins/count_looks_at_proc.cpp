// Looks at entries of /proc: each takes an inode, whose number it tells.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) { return collusion::in_numbers_of_proc(); }
HEADROOM_HOSTILE_PREDICTOR(attack)
