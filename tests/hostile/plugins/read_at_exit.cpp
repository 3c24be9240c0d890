// Reads the labels in a destructor, when the process ends: here by its own doing.
#include "hostile.hpp"

__attribute__((destructor)) static void read_late() { hostile::reads_secret_below(""); }
static bool attack(const hostile::Call&) { std::exit(0); }
HEADROOM_HOSTILE_PREDICTOR(attack)
