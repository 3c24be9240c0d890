// Register-tiled: a tile of rows × lanes is summed in registers. Tile sizes by register file: 8 × 16 (AVX-512: 16
// sums), 6 × 8 (AVX2: 12 sums), 2 × 8 (SSE2: 8 sums). A strip of the panel as wide as a tile is copied, some depth at a
// time, to where it stays in the first-level cache while all rows pass; sums wait in the output meanwhile, so that
// every number is added up in the order of the depth whatever the blocks are.
#include "heads/panel_product.hpp"

#include "heads/simd.hpp"

namespace headroom::heads {
namespace {

template <class Vector, int Rows, int Vectors, bool Listed>
HEADROOM_INLINED void tile(const PanelProduct& p, std::int64_t row, std::int64_t column) {
  Vector sums[Rows][Vectors];
  for (int v = 0; v < Vectors; ++v) {
    const Vector start = p.bias ? vector_at<Vector>(p.bias + column + v * kLanes) : Vector{};
    for (int r = 0; r < Rows; ++r) sums[r][v] = start;
  }
  const double* left = p.left + row * p.left_stride;
  for (std::int64_t k = 0; k < p.depth; ++k) {
    const std::int64_t d = Listed ? p.depth_list[k] : k;
    const double* b = p.panel + d * kPanelWidth + column;
    Vector values[Vectors];
    for (int v = 0; v < Vectors; ++v) values[v] = vector_at<Vector>(b + v * kLanes);
    for (int r = 0; r < Rows; ++r) {
      const double factor = left[r * p.left_stride + d];
      for (int v = 0; v < Vectors; ++v) sums[r][v] += factor * values[v];
    }
  }
  double* out = p.out + row * p.out_stride + column;
  const std::int64_t width = p.width - column;
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < Vectors; ++v) {
      double* to = out + r * p.out_stride + v * kLanes;
      if (width >= (v + 1) * kLanes) {
        vector_at<Vector>(to) = sums[r][v];
      } else {
        for (int lane = 0; lane < kLanes && v * kLanes + lane < width; ++lane) to[lane] = sums[r][v][lane];
      }
    }
  }
}

constexpr std::int64_t kDepthBlock = 256;  // of a strip of 16 columns: 32 kB

// One depth block of a tile whose columns are all written. strip: the block's rows × the tile's columns.
template <class Vector, int Rows, int Vectors, bool Listed>
HEADROOM_INLINED void strip_tile(const PanelProduct& p, const double* strip, std::int64_t first, std::int64_t last,
                                 std::int64_t row, std::int64_t column) {
  double* out = p.out + row * p.out_stride + column;
  Vector sums[Rows][Vectors];
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < Vectors; ++v) {
      const int at = v * kLanes;
      sums[r][v] = first > 0 ? vector_at<Vector>(out + r * p.out_stride + at)
                   : p.bias  ? vector_at<Vector>(p.bias + column + at)
                             : Vector{};
    }
  }
  const double* left = p.left + row * p.left_stride;
  for (std::int64_t k = first; k < last; ++k) {
    const std::int64_t d = Listed ? p.depth_list[k] : k;
    const double* b = strip + (k - first) * Vectors * kLanes;
    Vector values[Vectors];
    for (int v = 0; v < Vectors; ++v) values[v] = vector_at<Vector>(b + v * kLanes);
    for (int r = 0; r < Rows; ++r) {
      const double factor = left[r * p.left_stride + d];
      for (int v = 0; v < Vectors; ++v) sums[r][v] += factor * values[v];
    }
  }
  for (int r = 0; r < Rows; ++r) {
    for (int v = 0; v < Vectors; ++v) vector_at<Vector>(out + r * p.out_stride + v * kLanes) = sums[r][v];
  }
}

template <class Vector, int Rows, int Vectors, bool Listed>
HEADROOM_INLINED void strip_tiles(const PanelProduct& p, std::int64_t column) {
  alignas(64) double strip[kDepthBlock * Vectors * kLanes];
  std::int64_t first = 0;
  do {  // once without any depth: the bias alone
    const std::int64_t last = first + kDepthBlock < p.depth ? first + kDepthBlock : p.depth;
    for (std::int64_t k = first; k < last; ++k) {
      const double* from = p.panel + (Listed ? p.depth_list[k] : k) * kPanelWidth + column;
      double* to = strip + (k - first) * Vectors * kLanes;
      for (int v = 0; v < Vectors; ++v) vector_at<Vector>(to + v * kLanes) = vector_at<Vector>(from + v * kLanes);
    }
    std::int64_t row = 0;
    for (; row + Rows <= p.rows; row += Rows)
      strip_tile<Vector, Rows, Vectors, Listed>(p, strip, first, last, row, column);
    for (; row + 2 <= p.rows; row += 2) strip_tile<Vector, 2, Vectors, Listed>(p, strip, first, last, row, column);
    for (; row < p.rows; ++row) strip_tile<Vector, 1, Vectors, Listed>(p, strip, first, last, row, column);
    first = last;
  } while (first < p.depth);
}

template <class Vector, int Rows, int Vectors, bool Listed>
HEADROOM_INLINED void all_tiles(const PanelProduct& p) {
  constexpr std::int64_t worth_copying = 4 * Rows;  // rows below which a strip is not used often enough
  for (std::int64_t column = 0; column < p.width; column += Vectors * kLanes) {
    if (p.rows >= worth_copying && column + Vectors * kLanes <= p.width) {
      strip_tiles<Vector, Rows, Vectors, Listed>(p, column);
      continue;
    }
    std::int64_t row = 0;
    for (; row + Rows <= p.rows; row += Rows) tile<Vector, Rows, Vectors, Listed>(p, row, column);
    for (; row + 2 <= p.rows; row += 2) tile<Vector, 2, Vectors, Listed>(p, row, column);
    for (; row < p.rows; ++row) tile<Vector, 1, Vectors, Listed>(p, row, column);
  }
}

template <bool Listed>
HEADROOM_INLINED void product(const PanelProduct& p, Registers registers) {
  switch (registers) {
    case Registers::thirty_two_of_512_bits:
      return all_tiles<WideLanes, 8, 2, Listed>(p);
    case Registers::sixteen_of_256_bits:
      return all_tiles<Lanes, 6, 1, Listed>(p);
    case Registers::sixteen_of_128_bits:
      return all_tiles<Lanes, 2, 1, Listed>(p);
  }
}

HEADROOM_CLONED void product_of_all(const PanelProduct& p, Registers registers) { product<false>(p, registers); }
HEADROOM_CLONED void product_of_listed(const PanelProduct& p, Registers registers) { product<true>(p, registers); }

}  // namespace

void panel_product(const PanelProduct& p, Registers registers) {
  if (p.depth_list) {
    product_of_listed(p, registers);
  } else {
    product_of_all(p, registers);
  }
}

}  // namespace headroom::heads
