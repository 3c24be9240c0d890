// The random null: vectors that know nothing (protocol section 5).
#pragma once

#include <cstdint>

#include "matrix/matrix.hpp"

namespace headroom {

// n_rows × n_columns independent standard normal numbers. Each depends on (seed, row, column) alone, by a counter-based
// generator (Philox4x64-10, Salmon et al. 2011; Box–Muller): rows do not change when others are added, and any thread
// count gives the same bits.
Matrix random_embedding(Eigen::Index n_rows, Eigen::Index n_columns, std::uint64_t seed);

}  // namespace headroom
