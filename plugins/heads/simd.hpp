// Vectors of eight doubles and the dispatch of hot loops to the processor at hand, for a binary that runs on any
// x86-64.
//
// A function marked HEADROOM_CLONED is compiled for x86-64-v4, v3 and the baseline, and the loader picks one. Its
// source file must use no templates of the standard library or Eigen: their instantiations would be shared with other
// files.
#pragma once

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__SANITIZE_UNDEFINED__)
#define HEADROOM_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define HEADROOM_SANITIZED 1
#endif
#endif

#if defined(__x86_64__) && defined(__GNUC__) && !defined(HEADROOM_SANITIZED)
#define HEADROOM_CLONED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define HEADROOM_CLONED
#endif

#define HEADROOM_INLINED inline __attribute__((always_inline))

namespace headroom::heads {

inline constexpr int kLanes = 8;

// Lowered to one register with AVX-512, two with AVX2, four with SSE2. No alignment is assumed.
typedef double Lanes __attribute__((vector_size(64), aligned(8), may_alias));

// By reference: a vector as a function's value would be passed differently by each processor's clone.
HEADROOM_INLINED const Lanes& lanes_at(const double* from) { return *reinterpret_cast<const Lanes*>(from); }
HEADROOM_INLINED Lanes& lanes_at(double* to) { return *reinterpret_cast<Lanes*>(to); }

}  // namespace headroom::heads
