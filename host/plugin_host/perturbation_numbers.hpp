// The anonymous numbers by which a predictor sees which rows are of the same perturbation.
//
// They must tell nothing else: neither names, nor the order of the task's rows, nor which rows are tested. So they are
// a random order of the perturbations of one request, drawn from the seed and from the request itself: the same request
// has the same numbers, another one others.
#pragma once

#include <cstdint>
#include <vector>

#include "matrix/matrix.hpp"

namespace headroom {

struct PerturbationNumbers {
  std::vector<std::int32_t> training, query;  // one per row, 0 to n - 1; equal where the perturbation is the same
  std::int64_t n = 0;                         // perturbations
};

// Which rows are of one perturbation, as the caller knows it: equal codes. Any numbers; both empty: no two rows are.
struct PerturbationCodes {
  std::vector<std::int32_t> training, query;
};

// `training_rows` (may be empty) goes into the draw, so that two requests that differ in it alone have other numbers.
PerturbationNumbers number_perturbations(const PerturbationCodes& codes, std::int64_t n_training, std::int64_t n_query,
                                         const RowIndex& training_rows, std::uint64_t seed);

}  // namespace headroom
