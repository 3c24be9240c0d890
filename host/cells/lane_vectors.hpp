// Vectors of doubles as wide as a level of x86-64 has registers, and functions compiled for a level. A vector that is
// wider than the registers is taken apart element by element through memory, many times slower than narrower ones, so
// each level has a width of its own; every lane goes through the same operations at every width.
#pragma once

#include <cstdint>

#include "numerics/simd_clones.hpp"

namespace headroom {

// Passed around by pointer only, so no ABI depends on them.
typedef double Doubles8 __attribute__((vector_size(64), may_alias));
typedef double Doubles4 __attribute__((vector_size(32), may_alias));
typedef double Doubles2 __attribute__((vector_size(16), may_alias));

template <class Vector>
inline constexpr std::uint32_t kLanesOf = sizeof(Vector) / sizeof(double);

#define HEADROOM_INTO_LEVEL __attribute__((always_inline)) inline
#ifndef HEADROOM_SIMD_CLONES_OFF
#define HEADROOM_LEVEL_V4 __attribute__((target("arch=x86-64-v4")))
#define HEADROOM_LEVEL_V3 __attribute__((target("arch=x86-64-v3")))
#endif

// The function for this processor.
template <class Function>
Function* of_this_level([[maybe_unused]] Function* v4, [[maybe_unused]] Function* v3, Function* any) {
#ifndef HEADROOM_SIMD_CLONES_OFF
  if (__builtin_cpu_supports("x86-64-v4")) return v4;
  if (__builtin_cpu_supports("x86-64-v3")) return v3;
#endif
  return any;
}

}  // namespace headroom
