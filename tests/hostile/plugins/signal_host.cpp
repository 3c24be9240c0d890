// Sends signals to the host (the null signal, so that the host survives where nothing stops it).
#include <csignal>

#include "hostile.hpp"

static bool attack(const hostile::Call& call) { return kill(static_cast<pid_t>(call.number("host_pid")), 0) == 0; }
HEADROOM_HOSTILE_PREDICTOR(attack)
