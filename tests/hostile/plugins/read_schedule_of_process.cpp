// Asks how another process is scheduled: its priority, its processors, its policy.
#include "collusion.hpp"
#include "hostile.hpp"

static bool attack(const hostile::Call& call) {
  return collusion::in_schedule_of(static_cast<pid_t>(call.number("host_pid")));
}
HEADROOM_HOSTILE_PREDICTOR(attack)
