// K-fold splits equal to scikit-learn's KFold: the outer folds of a task and the inner folds of every head.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "matrix/matrix.hpp"

namespace headroom {

// The test rows of each of n_splits folds over rows 0..n-1, ascending within a fold (protocol section 2). The first
// n % n_splits folds have one row more. With a seed: KFold(n_splits, shuffle=True, random_state=seed); without one:
// consecutive blocks. The folds partition 0..n-1; where n < n_splits, which scikit-learn refuses, the last n_splits - n
// folds are empty. n_splits >= 1, n < 2^31.
std::vector<RowIndex> kfold_test_rows(std::size_t n, int n_splits, std::optional<std::uint32_t> shuffle_seed);

// The rows 0..n-1 that are not in `rows` (ascending, within range): the training rows that belong to a fold's test
// rows.
RowIndex complement_rows(std::size_t n, const RowIndex& rows);

}  // namespace headroom
