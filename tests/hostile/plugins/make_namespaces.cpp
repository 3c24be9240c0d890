// Makes namespaces of its own, in which it would be root.
#include <sched.h>

#include "hostile.hpp"

static bool attack(const hostile::Call&) { return unshare(CLONE_NEWUSER) == 0; }
HEADROOM_HOSTILE_PREDICTOR(attack)
