// Asks for its own number as a process and a thread.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) { return collusion::in_process_numbers(); }
HEADROOM_HOSTILE_PREDICTOR(attack)
