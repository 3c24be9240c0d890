// Honest and slow: every request takes 0.4 s of processor time.
#include <time.h>

#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  const auto used_s = [] {
    timespec used{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
  };
  for (const double start_s = used_s(); used_s() < start_s + 0.4;) {
  }
  return false;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
