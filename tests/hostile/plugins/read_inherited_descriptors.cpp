// Looks for descriptors that the host forgot to close: one of its files holds the labels.
#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  bool given = false;
  for (int fd = 0; fd < 4096; ++fd) given |= hostile::gives_secret(fd);
  return given;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
