// Which vector registers the processor has to hold sums in. Tile sizes of the hot loops follow from it.
#pragma once

namespace headroom::heads {

enum class Registers { thirty_two_of_512_bits, sixteen_of_256_bits, sixteen_of_128_bits };

inline Registers registers_of_this_processor() {
#if defined(__x86_64__) && defined(__GNUC__)
  static const Registers found = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                                         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
                                     ? Registers::thirty_two_of_512_bits
                                 : __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
                                     ? Registers::sixteen_of_256_bits
                                     : Registers::sixteen_of_128_bits;
  return found;
#else
  return Registers::sixteen_of_128_bits;
#endif
}

}  // namespace headroom::heads
