// Ends the process with the exit code of success.
#include "hostile.hpp"

static bool attack(const hostile::Call&) { _exit(0); }
HEADROOM_HOSTILE_PREDICTOR(attack)
