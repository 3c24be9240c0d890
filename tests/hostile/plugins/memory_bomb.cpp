// Takes memory without end: up to 3 GiB, untouched, where nothing stops it.
#include <vector>

#include "hostile.hpp"

static bool attack(const hostile::Call&) {
  std::vector<void*> taken;
  for (int i = 0; i < 48; ++i) taken.push_back(::operator new (std::size_t{64} << 20));
  return taken.back() != nullptr;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
