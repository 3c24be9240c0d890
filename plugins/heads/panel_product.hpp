// The matrix product that the heads spend their time in: a row-major matrix times a panel of 64 columns (genes or
// training rows) that stays in the second-level cache.
#pragma once

#include <cstdint>

#include "heads/registers.hpp"

namespace headroom::heads {

inline constexpr std::int64_t kPanelWidth = 64;  // columns; 1,600 training rows of it are 0.8 MB

struct PanelProduct {
  const double* left = nullptr;  // rows × depth, row-major
  std::int64_t left_stride = 0;
  std::int64_t rows = 0;

  const double* panel = nullptr;  // depth × kPanelWidth, row-major and contiguous; unused columns hold any finite value
  std::int64_t depth = 0;
  // Only these columns of `left` and rows of `panel` take part, `depth` of them; null: the first `depth`.
  const std::int32_t* depth_list = nullptr;

  const double* bias = nullptr;  // kPanelWidth numbers added to every row; null: zero

  double* out = nullptr;  // rows × width, row-major
  std::int64_t out_stride = 0;
  std::int64_t width = kPanelWidth;  // columns that are written, 1 to kPanelWidth
};

// out = bias + left · panel. The same numbers for a row whatever the other rows are.
void panel_product(const PanelProduct& product, Registers registers = registers_of_this_processor());

}  // namespace headroom::heads
