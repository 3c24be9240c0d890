// Reads the labels from their file.
#include "hostile.hpp"

static bool attack(const hostile::Call&) { return hostile::reads_secret_below(""); }
HEADROOM_HOSTILE_PREDICTOR(attack)
