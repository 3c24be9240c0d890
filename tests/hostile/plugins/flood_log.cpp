// Writes 20 MB into the log.
#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  const std::string line(8192, '#');
  for (int i = 0; i < 2500; ++i) {
    if (write(2, line.data(), line.size()) < 0) break;
  }
  return false;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
