// Reads the labels while the library is being loaded, before its entry was called.
#include "hostile.hpp"

static bool has_read = false;
__attribute__((constructor)) static void read_early() { has_read = hostile::reads_secret_below(""); }
static bool attack(const hostile::Call&) { return has_read; }
HEADROOM_HOSTILE_PREDICTOR(attack)
