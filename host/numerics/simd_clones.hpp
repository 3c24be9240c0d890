// Marks a hot loop to be compiled for three levels of x86-64, of which the program chooses at start: one portable
// binary at full speed. A marked function uses no templates of std or Eigen, whose code could be shared with unmarked
// callers.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__)
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HEADROOM_SIMD_CLONES_OFF 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define HEADROOM_SIMD_CLONES_OFF 1
#endif
#endif
#else
#define HEADROOM_SIMD_CLONES_OFF 1
#endif

#ifdef HEADROOM_SIMD_CLONES_OFF  // a sanitizer's run-time is not ready when the clones are chosen
#define HEADROOM_SIMD_CLONES
#else
#define HEADROOM_SIMD_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#endif
