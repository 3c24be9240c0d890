#include "numerics/processor_kernels.hpp"

#include <cblas.h>

#include "numerics/simd_clones.hpp"

namespace headroom {
namespace {

const char* level() {
#ifdef HEADROOM_SIMD_CLONES_OFF
  return "one level";
#else
  // What target_clones and the shipped heads go by.
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq")) {
    return "x86-64-v4";
  }
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? "x86-64-v3" : "x86-64";
#endif
}

}  // namespace

std::string processor_kernels() { return std::string(openblas_get_corename()) + " " + level(); }

}  // namespace headroom
