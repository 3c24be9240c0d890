// Average ranks of a profile, by radix sort: what Spearman's correlation needs, 6,640 genes in some tens of
// microseconds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace headroom {

// Buffers of one thread, kept between calls.
struct RankBuffers {
  std::vector<std::uint64_t> order, scratch;
};

// ranks[i] = rank of values[i] among the n values (1 the smallest; ties share the mean of their ranks), minus the mean
// rank (n + 1) / 2. Zeros of either sign are equal. Every result is a multiple of one half and exact in single
// precision. The values hold no NaN; n < 2^22.
void centred_ranks(const double* values, std::size_t n, RankBuffers& buffers, float* ranks);

// Σ a b and Σ a² over centred ranks: exact integers and quarters, whatever the order of summation.
double rank_product(const float* a, const float* b, std::size_t n);

}  // namespace headroom
