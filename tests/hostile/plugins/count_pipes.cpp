// Makes a pipe and asks for the number of its inode: one more than the last that any process made.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) { return collusion::in_pipe_numbers(); }
HEADROOM_HOSTILE_PREDICTOR(attack)
