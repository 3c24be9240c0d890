// Vectors of eight doubles and the dispatch of hot loops to the processor at hand, for a binary that runs on any
// x86-64.
//
// A function marked HEADROOM_CLONED is compiled for x86-64-v4, v3 and the baseline, and the loader picks one. Its
// source file must use no templates of the standard library or Eigen: their instantiations would be shared with other
// files.
#pragma once

#include <cstdint>

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

// Eight doubles, as operators of the registers that there are. A vector that is wider than these is taken apart,
// element by element through memory, some twenty times slower: so `Lanes` are two halves (a register each with AVX2),
// and what is meant for 512 bits alone says `WideLanes`. No alignment is assumed.
typedef double HalfVector __attribute__((vector_size(32), aligned(8), may_alias));
typedef double WholeVector __attribute__((vector_size(64), aligned(8), may_alias));
typedef std::int64_t HalfIntegers __attribute__((vector_size(32), aligned(8), may_alias));
typedef std::int64_t WholeIntegers __attribute__((vector_size(64), aligned(8), may_alias));

// Whole numbers; of a comparison: -1 where it holds, else 0.
struct __attribute__((may_alias)) Integers {
  HalfIntegers low, high;
};
struct __attribute__((may_alias)) WideIntegers {
  WholeIntegers all;
};

struct __attribute__((may_alias)) Lanes {
  HalfVector low, high;

  HEADROOM_INLINED double operator[](int lane) const { return lane < kLanes / 2 ? low[lane] : high[lane - kLanes / 2]; }
};
struct __attribute__((may_alias)) WideLanes {
  WholeVector all;

  HEADROOM_INLINED double operator[](int lane) const { return all[lane]; }
};

HEADROOM_INLINED Lanes lanes_of(double x) { return {HalfVector{} + x, HalfVector{} + x}; }

#define HEADROOM_LANES_OPERATOR(op)                                                                                 \
  HEADROOM_INLINED Lanes operator op(const Lanes& a, const Lanes& b) { return {a.low op b.low, a.high op b.high}; } \
  HEADROOM_INLINED Lanes operator op(const Lanes& a, double b) { return {a.low op b, a.high op b}; }                \
  HEADROOM_INLINED Lanes operator op(double a, const Lanes& b) { return {a op b.low, a op b.high}; }                \
  HEADROOM_INLINED WideLanes operator op(const WideLanes& a, const WideLanes& b) { return {a.all op b.all}; }       \
  HEADROOM_INLINED WideLanes operator op(const WideLanes& a, double b) { return {a.all op b}; }                     \
  HEADROOM_INLINED WideLanes operator op(double a, const WideLanes& b) { return {a op b.all}; }
HEADROOM_LANES_OPERATOR(+)
HEADROOM_LANES_OPERATOR(-)
HEADROOM_LANES_OPERATOR(*)
HEADROOM_LANES_OPERATOR(/)
#undef HEADROOM_LANES_OPERATOR

HEADROOM_INLINED Lanes operator-(const Lanes& a) { return {-a.low, -a.high}; }
HEADROOM_INLINED WideLanes operator-(const WideLanes& a) { return {-a.all}; }
HEADROOM_INLINED Lanes& operator+=(Lanes& a, const Lanes& b) { return a = a + b; }
HEADROOM_INLINED WideLanes& operator+=(WideLanes& a, const WideLanes& b) { return a = a + b; }
HEADROOM_INLINED Lanes& operator-=(Lanes& a, const Lanes& b) { return a = a - b; }
HEADROOM_INLINED WideLanes& operator-=(WideLanes& a, const WideLanes& b) { return a = a - b; }

HEADROOM_INLINED Integers operator>(const Lanes& a, const Lanes& b) { return {a.low > b.low, a.high > b.high}; }
HEADROOM_INLINED WideIntegers operator>(const WideLanes& a, const WideLanes& b) { return {a.all > b.all}; }
HEADROOM_INLINED Integers operator<(const Lanes& a, const Lanes& b) { return {a.low < b.low, a.high < b.high}; }
HEADROOM_INLINED WideIntegers operator<(const WideLanes& a, const WideLanes& b) { return {a.all < b.all}; }
HEADROOM_INLINED Integers operator!=(const Lanes& a, const Lanes& b) { return {a.low != b.low, a.high != b.high}; }
HEADROOM_INLINED Integers operator==(const Integers& a, std::int64_t b) { return {a.low == b, a.high == b}; }
HEADROOM_INLINED Integers operator&(const Integers& a, const Integers& b) { return {a.low & b.low, a.high & b.high}; }

// a where it holds, else b.
HEADROOM_INLINED Lanes select(const Integers& holds, const Lanes& a, const Lanes& b) {
  return {holds.low ? a.low : b.low, holds.high ? a.high : b.high};
}
HEADROOM_INLINED WideLanes select(const WideIntegers& holds, const WideLanes& a, const WideLanes& b) {
  return {holds.all ? a.all : b.all};
}

template <class Vector>
HEADROOM_INLINED const Vector& vector_at(const double* from) {
  return *reinterpret_cast<const Vector*>(from);
}
template <class Vector>
HEADROOM_INLINED Vector& vector_at(double* to) {
  return *reinterpret_cast<Vector*>(to);
}
HEADROOM_INLINED const Lanes& lanes_at(const double* from) { return vector_at<Lanes>(from); }
HEADROOM_INLINED Lanes& lanes_at(double* to) { return vector_at<Lanes>(to); }

}  // namespace headroom::heads
