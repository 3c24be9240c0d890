// The leading eigenpairs of a large symmetric matrix from a Krylov space a fraction of its size.
#pragma once

#include <optional>

#include "matrix/matrix.hpp"
#include "numerics/symmetric_eigen.hpp"

namespace headroom {

// Smallest matrix, and smallest multiple of the wanted pairs, for which block_lanczos() can be worth its while.
inline constexpr Eigen::Index kLeastLanczosSize = 512, kLeastLanczosMultiple = 10;

// Block Lanczos with full reorthogonalisation (Golub and Underwood 1977): the space of v, Av, A²v, … for a block of
// random vectors. The reduction to tridiagonal form, which LAPACK begins with, runs at the speed of memory; this reads
// the matrix once for eight vectors.
//
// `symmetric` is positive semidefinite, n × n, both triangles filled; it is not changed. The residuals of the pairs, as
// the space tells them, are at most kLanczosTolerance of the largest eigenvalue; measured on the matrix they come to
// within ten times those of LAPACK (2e-14). That none is left out, which a Krylov space alone cannot tell of
// eigenvalues with many equals, is proved by a Cholesky factorisation: what remains of the matrix without the pairs has
// no eigenvalue above the last of them.
//
// Absent where the space grows too large to be worth it, becomes degenerate (few distinct eigenvalues, low rank), or
// the proof fails: LAPACK's way is open then.
std::optional<Eigenpairs> block_lanczos(const ConstMatrixRef& symmetric, Eigen::Index n_pairs);

// The proof: whether a positive semidefinite matrix (both triangles filled) has no eigenvalue above the last of these
// pairs but theirs, to rounding.
bool are_leading(const ConstMatrixRef& symmetric, const Eigenpairs& pairs);

inline constexpr double kLanczosTolerance = 2e-15;

}  // namespace headroom
