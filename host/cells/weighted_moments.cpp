#include "cells/weighted_moments.hpp"

#include "numerics/simd_clones.hpp"

namespace headroom {
namespace {

// Eight doubles: one 512-bit register, or two of 256 bits. Passed around by pointer only, so no ABI depends on it.
typedef double Doubles8 __attribute__((vector_size(64), may_alias));

// One pass over the genes for kWidth · 8 lanes from `weights`, `sums` and `squares` on.
template <int kWidth>
__attribute__((always_inline)) inline void moment_pass(const std::uint32_t* begin, const std::uint16_t* cell,
                                                       const double* value, const double* weights, std::size_t stride,
                                                       std::uint32_t gene_begin, std::uint32_t gene_end, double* sums,
                                                       double* squares) {
  for (std::uint32_t g = gene_begin; g < gene_end; ++g, sums += stride, squares += stride) {
    const std::uint32_t first = begin[g], last = begin[g + 1];
    if (first == last) continue;
    Doubles8 sum[kWidth], square[kWidth];
    for (int v = 0; v < kWidth; ++v) sum[v] = *reinterpret_cast<const Doubles8*>(sums + 8 * v);
    for (int v = 0; v < kWidth; ++v) square[v] = *reinterpret_cast<const Doubles8*>(squares + 8 * v);
    for (std::uint32_t e = first; e < last; ++e) {
      const double x = value[e], xx = x * x;
      const double* w = weights + cell[e] * stride;
      for (int v = 0; v < kWidth; ++v) {
        const Doubles8 times = *reinterpret_cast<const Doubles8*>(w + 8 * v);
        sum[v] += x * times;
        square[v] += xx * times;
      }
    }
    for (int v = 0; v < kWidth; ++v) *reinterpret_cast<Doubles8*>(sums + 8 * v) = sum[v];
    for (int v = 0; v < kWidth; ++v) *reinterpret_cast<Doubles8*>(squares + 8 * v) = square[v];
  }
}

HEADROOM_SIMD_CLONES
void all_moment_passes(const std::uint32_t* begin, const std::uint16_t* cell, const double* value,
                       const double* weights, std::uint32_t n_lanes, std::uint32_t gene_begin, std::uint32_t gene_end,
                       double* sums, double* squares) {
  std::uint32_t lane = 0;
  // Three vectors of each kind are what registers hold.
  for (; lane + 24 <= n_lanes; lane += 24) {
    moment_pass<3>(begin, cell, value, weights + lane, n_lanes, gene_begin, gene_end, sums + lane, squares + lane);
  }
  if (n_lanes - lane == 16) {
    moment_pass<2>(begin, cell, value, weights + lane, n_lanes, gene_begin, gene_end, sums + lane, squares + lane);
  } else if (n_lanes - lane == 8) {
    moment_pass<1>(begin, cell, value, weights + lane, n_lanes, gene_begin, gene_end, sums + lane, squares + lane);
  }
}

}  // namespace

void add_weighted_moments(const GeneMajorBlock& block, const double* weights, std::uint32_t n_lanes,
                          std::uint32_t gene_begin, std::uint32_t gene_end, double* sums, double* squares) {
  all_moment_passes(block.begin.data(), block.cell.data(), block.value.data(), weights, n_lanes, gene_begin, gene_end,
                    sums, squares);
}

}  // namespace headroom
