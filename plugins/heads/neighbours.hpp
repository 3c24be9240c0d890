// The nearest training rows of every query row, in exactly the order of brute force.
#pragma once

#include <cstdint>
#include <vector>

#include "headroom/plugin.hpp"

namespace headroom::heads {

struct Neighbours {
  std::int64_t n_query = 0;
  std::int64_t n_nearest = 0;
  std::vector<std::int32_t> rows;  // query rows × n_nearest: numbers of training rows, nearest first

  const std::int32_t* of(std::int64_t query) const { return rows.data() + query * n_nearest; }
};

// Euclidean; equal distances: lower training row first (protocol section 3). training: rows × features, query: rows ×
// the same features, all finite. 1 <= n_nearest <= training.rows().
//
// Distances come from one matrix product, |t|² - 2 q·t, whose rounding error is bounded. Every row that could be among
// the nearest within that bound is then measured again by squared differences, which order exact ties exactly.
Neighbours nearest_rows(const sdk::ConstMatrixMap& training, const sdk::ConstMatrixMap& query, std::int64_t n_nearest);

}  // namespace headroom::heads
