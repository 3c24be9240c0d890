// Seeded matrices to measure with.
#pragma once

#include <cstdint>
#include <random>

#include "matrix/matrix.hpp"
#include "numerics/blas.hpp"

namespace headroom {

inline Matrix normal_matrix(Eigen::Index rows, Eigen::Index cols, std::uint32_t seed) {
  std::mt19937 generator(seed);
  std::normal_distribution<double> normal;
  return Matrix::NullaryExpr(rows, cols, [&] { return normal(generator); });
}

// Embedding-like: a decaying spectrum over noise.
inline Matrix low_rank_matrix(Eigen::Index rows, Eigen::Index cols, std::uint32_t seed) {
  const Eigen::Index rank = 150;
  Matrix left = normal_matrix(rows, rank, seed);
  for (Eigen::Index j = 0; j < rank; ++j) left.col(j) *= 3.0 / (1.0 + 0.1 * static_cast<double>(j));
  Matrix out = 0.3 * normal_matrix(rows, cols, seed + 1);
  gemm(Transpose::no, Transpose::no, 0.3, left, normal_matrix(rank, cols, seed + 2), 1.0, out);
  return out;
}

}  // namespace headroom
