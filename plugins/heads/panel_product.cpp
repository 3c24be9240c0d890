// Register-tiled: a tile of rows × lanes is summed in registers over the whole depth, then written once. Tile sizes by
// register file: 8 × 16 (AVX-512: 16 sums), 6 × 8 (AVX2: 12 sums), 2 × 8 (SSE2: 8 sums).
#include "heads/panel_product.hpp"

#include "heads/simd.hpp"

namespace headroom::heads {
namespace {

template <int Rows, int Vectors, bool Listed>
HEADROOM_INLINED void tile(const PanelProduct& p, std::int64_t row, std::int64_t column) {
  Lanes sums[Rows][Vectors];
  for (int v = 0; v < Vectors; ++v) {
    const Lanes start = p.bias ? lanes_at(p.bias + column + v * kLanes) : Lanes{};
    for (int r = 0; r < Rows; ++r) sums[r][v] = start;
  }
  const double* left = p.left + row * p.left_stride;
  for (std::int64_t k = 0; k < p.depth; ++k) {
    const std::int64_t d = Listed ? p.depth_list[k] : k;
    const double* b = p.panel + d * kPanelWidth + column;
    Lanes values[Vectors];
    for (int v = 0; v < Vectors; ++v) values[v] = lanes_at(b + v * kLanes);
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
        lanes_at(to) = sums[r][v];
      } else {
        for (int lane = 0; lane < kLanes && v * kLanes + lane < width; ++lane) to[lane] = sums[r][v][lane];
      }
    }
  }
}

template <int Rows, int Vectors, bool Listed>
HEADROOM_INLINED void all_tiles(const PanelProduct& p) {
  for (std::int64_t column = 0; column < p.width; column += Vectors * kLanes) {
    std::int64_t row = 0;
    for (; row + Rows <= p.rows; row += Rows) tile<Rows, Vectors, Listed>(p, row, column);
    for (; row + 2 <= p.rows; row += 2) tile<2, Vectors, Listed>(p, row, column);
    for (; row < p.rows; ++row) tile<1, Vectors, Listed>(p, row, column);
  }
}

template <bool Listed>
HEADROOM_INLINED void product(const PanelProduct& p, Registers registers) {
  switch (registers) {
    case Registers::thirty_two_of_512_bits: return all_tiles<8, 2, Listed>(p);
    case Registers::sixteen_of_256_bits: return all_tiles<6, 1, Listed>(p);
    case Registers::sixteen_of_128_bits: return all_tiles<2, 1, Listed>(p);
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
