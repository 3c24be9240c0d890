// Makes a thread with a descriptor, whose inode is numbered over the whole machine, whatever the namespace.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) { return collusion::in_number_of_thread(); }
HEADROOM_HOSTILE_PREDICTOR(attack)
