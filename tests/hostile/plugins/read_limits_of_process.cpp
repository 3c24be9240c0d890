// Reads the limits of another process.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call& call) {
  return collusion::in_limits_of(static_cast<pid_t>(call.number("host_pid")));
}
HEADROOM_HOSTILE_PREDICTOR(attack)
