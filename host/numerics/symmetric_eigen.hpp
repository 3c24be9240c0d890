// The leading part of a symmetric eigen-decomposition and of a singular value decomposition.
#pragma once

#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

struct Eigenpairs {
  Vector values;   // descending
  Matrix vectors;  // pairs × n: one unit eigenvector a row, of arbitrary sign
};

// The n_pairs largest eigenvalues of a symmetric, positive semidefinite n × n matrix and their eigenvectors: of large
// ones by block_lanczos() where that converges, else by LAPACK. Only the lower triangle is read, and the matrix is
// destroyed. 0 <= n_pairs <= n. Fails (harness_fault) if LAPACK does not converge, which finite input has not been seen
// to do.
Result<Eigenpairs> top_eigenpairs(MatrixRef symmetric, Eigen::Index n_pairs);

// The same by LAPACK alone (dsytrd, dsterf or dstebz, dstein, dormtr), of any symmetric matrix.
Result<Eigenpairs> top_eigenpairs_by_lapack(MatrixRef symmetric, Eigen::Index n_pairs);

struct RightSingular {
  Vector values;   // descending, min(rows, cols) of them
  Matrix vectors;  // min(rows, cols) × cols: one unit right singular vector a row, of arbitrary sign
};

// The thin singular value decomposition of a, without its left vectors (dgesdd). Four to five times the cost of
// top_eigenpairs on the Gram matrix, but small singular values keep their digits. Fails (harness_fault) as above.
Result<RightSingular> right_singular_vectors(const ConstMatrixRef& a);

}  // namespace headroom
