// Makes a memory file: memory that no limit on address space counts.
#include <sys/mman.h>

#include "hostile.hpp"

static bool attack(const hostile::Call&) { return memfd_create("hidden", 0) >= 0; }
HEADROOM_HOSTILE_PREDICTOR(attack)
