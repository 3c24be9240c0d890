// Calls itself without end.
#include "hostile.hpp"

static volatile int deepest = -1;
static int deeper(int depth) {
  volatile char room[4096];
  room[0] = static_cast<char>(depth);
  return depth == deepest ? 0 : deeper(depth + 1) + room[0];
}
static bool attack(const hostile::Call&) { return deeper(0) == 0; }
HEADROOM_HOSTILE_PREDICTOR(attack)
