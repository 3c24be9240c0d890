#include "cells/weighted_sums.hpp"

#include "numerics/simd_clones.hpp"

namespace headroom {
namespace {

// Eight doubles: one 512-bit register, or two of 256 bits. Passed around by pointer only, so no ABI depends on it.
typedef double Lanes8 __attribute__((vector_size(64), may_alias));

// One pass over the genes for kWidth · 8 lanes from `weights` and `sums` on.
template <int kWidth>
__attribute__((always_inline)) inline void pass(const std::uint32_t* begin, const std::uint16_t* cell,
                                                const double* value, const double* weights, std::size_t stride,
                                                std::uint32_t gene_begin, std::uint32_t gene_end, double* sums) {
  for (std::uint32_t g = gene_begin; g < gene_end; ++g, sums += stride) {
    const std::uint32_t first = begin[g], last = begin[g + 1];
    if (first == last) continue;
    Lanes8 sum[kWidth];
    for (int v = 0; v < kWidth; ++v) sum[v] = *reinterpret_cast<const Lanes8*>(sums + 8 * v);
    for (std::uint32_t e = first; e < last; ++e) {
      const double x = value[e];
      const double* w = weights + cell[e] * stride;
      for (int v = 0; v < kWidth; ++v) sum[v] += x * *reinterpret_cast<const Lanes8*>(w + 8 * v);
    }
    for (int v = 0; v < kWidth; ++v) *reinterpret_cast<Lanes8*>(sums + 8 * v) = sum[v];
  }
}

HEADROOM_SIMD_CLONES
void all_passes(const std::uint32_t* begin, const std::uint16_t* cell, const double* value, const double* weights,
                std::uint32_t n_lanes, std::uint32_t gene_begin, std::uint32_t gene_end, double* sums) {
  std::uint32_t lane = 0;
  for (; lane + 64 <= n_lanes; lane += 64) {
    pass<8>(begin, cell, value, weights + lane, n_lanes, gene_begin, gene_end, sums + lane);
  }
  switch ((n_lanes - lane) / 8) {
    case 7:
      pass<7>(begin, cell, value, weights + lane, n_lanes, gene_begin, gene_end, sums + lane);
      break;
    case 6:
      pass<6>(begin, cell, value, weights + lane, n_lanes, gene_begin, gene_end, sums + lane);
      break;
    case 5:
      pass<5>(begin, cell, value, weights + lane, n_lanes, gene_begin, gene_end, sums + lane);
      break;
    case 4:
      pass<4>(begin, cell, value, weights + lane, n_lanes, gene_begin, gene_end, sums + lane);
      break;
    case 3:
      pass<3>(begin, cell, value, weights + lane, n_lanes, gene_begin, gene_end, sums + lane);
      break;
    case 2:
      pass<2>(begin, cell, value, weights + lane, n_lanes, gene_begin, gene_end, sums + lane);
      break;
    case 1:
      pass<1>(begin, cell, value, weights + lane, n_lanes, gene_begin, gene_end, sums + lane);
      break;
    default:
      break;
  }
}

}  // namespace

void add_weighted_sums(const GeneMajorBlock& block, const double* weights, std::uint32_t n_lanes,
                       std::uint32_t gene_begin, std::uint32_t gene_end, double* sums) {
  all_passes(block.begin.data(), block.cell.data(), block.value.data(), weights, n_lanes, gene_begin, gene_end, sums);
}

HEADROOM_SIMD_CLONES
void scale_counts(const std::uint16_t* counts, const double* worth, std::uint32_t n_lanes, double* weights) {
  for (std::uint32_t l = 0; l < n_lanes; ++l) weights[l] = counts[l] * worth[l];
}

}  // namespace headroom
