// Takes pages out of the files behind its mappings.
#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  for (int fd = 4; fd < 64; ++fd) fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096);
  return false;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
