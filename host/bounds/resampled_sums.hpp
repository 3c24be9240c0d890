// The inner loop of the bootstrap: sums of values, each counted as often as its perturbation was drawn.
#pragma once

#include <cstddef>

namespace headroom {

// Their product of sums stays in the registers of AVX2.
inline constexpr std::size_t kResampleBlock = 8, kSumMethods = 4;

// sums[m][b] = Σ_i counts[i · kResampleBlock + b] · values[m][i] for kSumMethods methods and one block of resamples;
// every sum runs over i in order, whatever the other methods are.
void resampled_sums(const float* counts, const double* const* values, std::size_t n_tests,
                    double (*sums)[kResampleBlock]);

}  // namespace headroom
