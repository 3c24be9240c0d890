// Means over the first k of an ordered list of rows, for every k of a grid in one pass.
#pragma once

#include <cstdint>

#include "heads/registers.hpp"

namespace headroom::heads {

struct RunningMeans {
  const double* panel = nullptr;           // training rows × kPanelWidth, contiguous
  const std::int32_t* neighbours = nullptr;  // query rows × n_nearest, rows of the panel, nearest first
  std::int64_t n_query = 0;
  std::int64_t n_nearest = 0;

  const std::int64_t* counts = nullptr;  // ascending, each >= 1, the last n_nearest
  std::int64_t n_counts = 0;

  double* const* out = nullptr;  // one matrix per count: query rows × width
  const std::int64_t* out_stride = nullptr;  // one per count
  std::int64_t width = 0;        // columns that are written, 1 to kPanelWidth
};

// out[c](q, j) = mean of panel(neighbours(q, i), j) over i < counts[c].
void running_means(const RunningMeans& means, Registers registers = registers_of_this_processor());

}  // namespace headroom::heads
