// Stops itself as a shell would: a process that does not run cannot be asked to end.
#include <csignal>

#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  raise(SIGSTOP);
  return true;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
