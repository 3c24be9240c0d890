// Was built against a C++ library from the future.
#include "hostile.hpp"

extern "C" int function_of_the_future();
static bool attack(const hostile::Call&) { return function_of_the_future() == 1; }
HEADROOM_HOSTILE_PREDICTOR(attack)
