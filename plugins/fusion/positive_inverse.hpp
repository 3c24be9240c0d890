// The inverse of a symmetric positive definite matrix, by blocks of 64 rows whose products are the heads'
// panel_product.
#pragma once

#include <optional>

#include "headroom/plugin.hpp"

namespace headroom::fusion {

// A = L Lᵀ, X = L⁻¹, A⁻¹ = XᵀX: n³ operations in all. None where A is not numerically positive definite. Only the lower
// triangle of `a` is read. The same numbers whatever the number of threads.
std::optional<sdk::Matrix> positive_inverse(const sdk::Matrix& a, int n_threads);

}  // namespace headroom::fusion
