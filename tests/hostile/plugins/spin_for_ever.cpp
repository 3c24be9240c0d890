// Uses CPU time, deaf to the warning: for some three seconds, where nothing stops it.
#include <csignal>
#include <ctime>

#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  signal(SIGXCPU, SIG_IGN);
  while (std::clock() < 3 * CLOCKS_PER_SEC) {
  }
  return true;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
