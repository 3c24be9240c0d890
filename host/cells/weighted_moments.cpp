#include "cells/weighted_moments.hpp"

#include "cells/lane_vectors.hpp"

namespace headroom {
namespace {

// One pass over the genes for kWidth vectors of lanes from `weights`, `sums` and `squares` on.
template <class Vector, int kWidth>
HEADROOM_INTO_LEVEL void moment_pass(const std::uint32_t* begin, const std::uint16_t* cell, const double* value,
                                     const double* weights, std::size_t stride, std::uint32_t gene_begin,
                                     std::uint32_t gene_end, double* sums, double* squares) {
  constexpr std::uint32_t kLanes = kLanesOf<Vector>;
  for (std::uint32_t g = gene_begin; g < gene_end; ++g, sums += stride, squares += stride) {
    const std::uint32_t first = begin[g], last = begin[g + 1];
    if (first == last) continue;
    Vector sum[kWidth], square[kWidth];
    for (int v = 0; v < kWidth; ++v) sum[v] = *reinterpret_cast<const Vector*>(sums + kLanes * v);
    for (int v = 0; v < kWidth; ++v) square[v] = *reinterpret_cast<const Vector*>(squares + kLanes * v);
    for (std::uint32_t e = first; e < last; ++e) {
      const double x = value[e], xx = x * x;
      const double* w = weights + cell[e] * stride;
      for (int v = 0; v < kWidth; ++v) {
        const Vector times = *reinterpret_cast<const Vector*>(w + kLanes * v);
        sum[v] += x * times;
        square[v] += xx * times;
      }
    }
    for (int v = 0; v < kWidth; ++v) *reinterpret_cast<Vector*>(sums + kLanes * v) = sum[v];
    for (int v = 0; v < kWidth; ++v) *reinterpret_cast<Vector*>(squares + kLanes * v) = square[v];
  }
}

// As many passes of kWidth vectors as there are lanes for, then the same of fewer.
template <class Vector, int kWidth>
HEADROOM_INTO_LEVEL void all_moment_passes(const std::uint32_t* begin, const std::uint16_t* cell, const double* value,
                                           const double* weights, std::uint32_t n_lanes, std::uint32_t lane,
                                           std::uint32_t gene_begin, std::uint32_t gene_end, double* sums,
                                           double* squares) {
  constexpr std::uint32_t kLanes = kWidth * kLanesOf<Vector>;
  for (; lane + kLanes <= n_lanes; lane += kLanes) {
    moment_pass<Vector, kWidth>(begin, cell, value, weights + lane, n_lanes, gene_begin, gene_end, sums + lane,
                                squares + lane);
  }
  if constexpr (kWidth > 1) {
    all_moment_passes<Vector, kWidth - 1>(begin, cell, value, weights, n_lanes, lane, gene_begin, gene_end, sums,
                                          squares);
  }
}

using MomentPasses = void(const std::uint32_t* begin, const std::uint16_t* cell, const double* value,
                          const double* weights, std::uint32_t n_lanes, std::uint32_t gene_begin,
                          std::uint32_t gene_end, double* sums, double* squares);

#ifndef HEADROOM_SIMD_CLONES_OFF
HEADROOM_LEVEL_V4 void moment_passes_v4(const std::uint32_t* begin, const std::uint16_t* cell, const double* value,
                                        const double* weights, std::uint32_t n_lanes, std::uint32_t gene_begin,
                                        std::uint32_t gene_end, double* sums, double* squares) {
  all_moment_passes<Doubles8, 3>(begin, cell, value, weights, n_lanes, 0, gene_begin, gene_end, sums, squares);
}

// Twelve sums of the sixteen registers.
HEADROOM_LEVEL_V3 void moment_passes_v3(const std::uint32_t* begin, const std::uint16_t* cell, const double* value,
                                        const double* weights, std::uint32_t n_lanes, std::uint32_t gene_begin,
                                        std::uint32_t gene_end, double* sums, double* squares) {
  all_moment_passes<Doubles4, 6>(begin, cell, value, weights, n_lanes, 0, gene_begin, gene_end, sums, squares);
}
#else
constexpr MomentPasses *moment_passes_v4 = nullptr, *moment_passes_v3 = nullptr;
#endif

void moment_passes_of_any(const std::uint32_t* begin, const std::uint16_t* cell, const double* value,
                          const double* weights, std::uint32_t n_lanes, std::uint32_t gene_begin,
                          std::uint32_t gene_end, double* sums, double* squares) {
  all_moment_passes<Doubles2, 6>(begin, cell, value, weights, n_lanes, 0, gene_begin, gene_end, sums, squares);
}

}  // namespace

void add_weighted_moments(const GeneMajorBlock& block, const double* weights, std::uint32_t n_lanes,
                          std::uint32_t gene_begin, std::uint32_t gene_end, double* sums, double* squares) {
  static MomentPasses* const passes =
      of_this_level<MomentPasses>(moment_passes_v4, moment_passes_v3, moment_passes_of_any);
  passes(block.begin.data(), block.cell.data(), block.value.data(), weights, n_lanes, gene_begin, gene_end, sums,
         squares);
}

}  // namespace headroom
