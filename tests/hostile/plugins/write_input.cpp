// Makes its inputs writable and writes: other workers and the host see the same pages.
#include <sys/mman.h>

#include "hostile.hpp"

static bool attack(const hostile::Call& call) {
  auto* deltas = const_cast<double*>(call.request->delta_rows.data);
  const auto page = reinterpret_cast<std::uintptr_t>(deltas) & ~std::uintptr_t{4095};
  if (mprotect(reinterpret_cast<void*>(page), 4096, PROT_READ | PROT_WRITE) == 0) deltas[0] = 1e9;
  return false;
}
HEADROOM_HOSTILE_PREDICTOR(attack)
