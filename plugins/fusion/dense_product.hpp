// Products of large matrices on several threads, tiled by the heads' panel_product. The same numbers whatever the
// number of threads.
#pragma once

#include <cstdint>

#include "headroom/plugin.hpp"
#include "heads/panel_product.hpp"

namespace headroom::fusion {

// depth × kPanelWidth, contiguous: the columns `first` to first + width - 1 of `from` (depth × columns, `stride`
// numbers from row to row); the rest are zero.
void pack_columns(const double* from, std::int64_t stride, std::int64_t depth, std::int64_t first, std::int64_t width,
                  double* panel);
// The same of the transpose: column j of the panel is row first + j of `from` (rows × depth).
void pack_rows(const double* from, std::int64_t stride, std::int64_t depth, std::int64_t first, std::int64_t width,
               double* panel);

// left · right: rows × columns.
sdk::Matrix product(const sdk::Matrix& left, const sdk::Matrix& right, int n_threads);
// left · rightᵀ: rows × rows of right.
sdk::Matrix product_with_transposed(const sdk::Matrix& left, const sdk::Matrix& right, int n_threads);
// left · rightᵀ where the result is known to be symmetric: half of it is computed.
sdk::Matrix symmetric_product(const sdk::Matrix& left, const sdk::Matrix& right, int n_threads);

// Copies the lower triangle of a square matrix to the upper one, and the upper to the lower.
void mirror_lower(sdk::Matrix& m);
void mirror_upper(sdk::Matrix& m);

}  // namespace headroom::fusion
