// Makes anonymous memory to share, which takes a number from the counter of all memory files.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call&) { return collusion::in_numbers_of_shared_memory(); }
HEADROOM_HOSTILE_PREDICTOR(attack)
