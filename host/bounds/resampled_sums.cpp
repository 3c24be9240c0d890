#include "bounds/resampled_sums.hpp"

#include "numerics/simd_clones.hpp"

namespace headroom {

HEADROOM_SIMD_CLONES void resampled_sums(const float* __restrict counts, const double* const* __restrict values,
                                         std::size_t n_tests, double (*__restrict sums)[kResampleBlock]) {
  const double *v0 = values[0], *v1 = values[1], *v2 = values[2], *v3 = values[3];
  double s0[kResampleBlock], s1[kResampleBlock], s2[kResampleBlock], s3[kResampleBlock];
  for (std::size_t b = 0; b < kResampleBlock; ++b) s0[b] = s1[b] = s2[b] = s3[b] = 0;
  for (std::size_t i = 0; i < n_tests; ++i) {
    for (std::size_t b = 0; b < kResampleBlock; ++b) {
      const double count = static_cast<double>(counts[i * kResampleBlock + b]);
      s0[b] += count * v0[i];
      s1[b] += count * v1[i];
      s2[b] += count * v2[i];
      s3[b] += count * v3[i];
    }
  }
  for (std::size_t b = 0; b < kResampleBlock; ++b) {
    sums[0][b] = s0[b];
    sums[1][b] = s1[b];
    sums[2][b] = s2[b];
    sums[3][b] = s3[b];
  }
}

}  // namespace headroom
