#include "cells/weighted_sums.hpp"

#include "cells/lane_vectors.hpp"

namespace headroom {
namespace {

// One pass over the genes for kWidth vectors of lanes from `weights` and `sums` on.
template <class Vector, int kWidth>
HEADROOM_INTO_LEVEL void pass(const std::uint32_t* begin, const std::uint16_t* cell, const double* value,
                              const double* weights, std::size_t stride, std::uint32_t gene_begin,
                              std::uint32_t gene_end, double* sums) {
  constexpr std::uint32_t kLanes = kLanesOf<Vector>;
  for (std::uint32_t g = gene_begin; g < gene_end; ++g, sums += stride) {
    const std::uint32_t first = begin[g], last = begin[g + 1];
    if (first == last) continue;
    Vector sum[kWidth];
    for (int v = 0; v < kWidth; ++v) sum[v] = *reinterpret_cast<const Vector*>(sums + kLanes * v);
    for (std::uint32_t e = first; e < last; ++e) {
      const double x = value[e];
      const double* w = weights + cell[e] * stride;
      for (int v = 0; v < kWidth; ++v) sum[v] += x * *reinterpret_cast<const Vector*>(w + kLanes * v);
    }
    for (int v = 0; v < kWidth; ++v) *reinterpret_cast<Vector*>(sums + kLanes * v) = sum[v];
  }
}

// As many passes of kWidth vectors as there are lanes for, then the same of fewer.
template <class Vector, int kWidth>
HEADROOM_INTO_LEVEL void all_passes(const std::uint32_t* begin, const std::uint16_t* cell, const double* value,
                                    const double* weights, std::uint32_t n_lanes, std::uint32_t lane,
                                    std::uint32_t gene_begin, std::uint32_t gene_end, double* sums) {
  constexpr std::uint32_t kLanes = kWidth * kLanesOf<Vector>;
  for (; lane + kLanes <= n_lanes; lane += kLanes) {
    pass<Vector, kWidth>(begin, cell, value, weights + lane, n_lanes, gene_begin, gene_end, sums + lane);
  }
  if constexpr (kWidth > 1) {
    all_passes<Vector, kWidth - 1>(begin, cell, value, weights, n_lanes, lane, gene_begin, gene_end, sums);
  }
}

using Passes = void(const std::uint32_t* begin, const std::uint16_t* cell, const double* value, const double* weights,
                    std::uint32_t n_lanes, std::uint32_t gene_begin, std::uint32_t gene_end, double* sums);

#ifndef HEADROOM_SIMD_CLONES_OFF
HEADROOM_LEVEL_V4 void passes_v4(const std::uint32_t* begin, const std::uint16_t* cell, const double* value,
                                 const double* weights, std::uint32_t n_lanes, std::uint32_t gene_begin,
                                 std::uint32_t gene_end, double* sums) {
  all_passes<Doubles8, 8>(begin, cell, value, weights, n_lanes, 0, gene_begin, gene_end, sums);
}

// Twelve sums of the sixteen registers.
HEADROOM_LEVEL_V3 void passes_v3(const std::uint32_t* begin, const std::uint16_t* cell, const double* value,
                                 const double* weights, std::uint32_t n_lanes, std::uint32_t gene_begin,
                                 std::uint32_t gene_end, double* sums) {
  all_passes<Doubles4, 12>(begin, cell, value, weights, n_lanes, 0, gene_begin, gene_end, sums);
}
#else
constexpr Passes *passes_v4 = nullptr, *passes_v3 = nullptr;
#endif

void passes_of_any(const std::uint32_t* begin, const std::uint16_t* cell, const double* value, const double* weights,
                   std::uint32_t n_lanes, std::uint32_t gene_begin, std::uint32_t gene_end, double* sums) {
  all_passes<Doubles2, 12>(begin, cell, value, weights, n_lanes, 0, gene_begin, gene_end, sums);
}

}  // namespace

void add_weighted_sums(const GeneMajorBlock& block, const double* weights, std::uint32_t n_lanes,
                       std::uint32_t gene_begin, std::uint32_t gene_end, double* sums) {
  static Passes* const passes = of_this_level<Passes>(passes_v4, passes_v3, passes_of_any);
  passes(block.begin.data(), block.cell.data(), block.value.data(), weights, n_lanes, gene_begin, gene_end, sums);
}

HEADROOM_SIMD_CLONES
void scale_counts(const std::uint16_t* counts, const double* worth, std::uint32_t n_lanes, double* weights) {
  for (std::uint32_t l = 0; l < n_lanes; ++l) weights[l] = counts[l] * worth[l];
}

}  // namespace headroom
