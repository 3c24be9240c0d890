// The BLAS that everything is computed with: the check that it can be trusted, and typed calls on row-major matrices.
#pragma once

#include <string>

#include "matrix/matrix.hpp"
#include "outcome/outcome.hpp"

namespace headroom {

// Which OpenBLAS was loaded; part of a run's record, since results are bitwise equal only on one library and CPU.
struct BlasLibrary {
  std::string config;  // openblas_get_config(): version, build options, maximal threads
  std::string core;    // openblas_get_corename(): the CPU whose kernels it chose
};

// Sets OpenBLAS to one thread and says what it is. Call it once, before any other thread computes: the ThreadPool is
// the only source of parallelism. Fails (harness_fault) on the serial build, whose routines are not safe under
// concurrent callers, and on the OpenMP build, which ignores the setting in threads that it did not start.
Result<BlasLibrary> require_threadsafe_blas();

enum class Transpose { no, yes };

// c = alpha · op(a) · op(b) + beta · c. Shapes must agree; c must not overlap a or b. beta = 0 never reads c.
void gemm(Transpose transpose_a, Transpose transpose_b, double alpha, const ConstMatrixRef& a, const ConstMatrixRef& b,
          double beta, MatrixRef c);

// The lower triangle (with diagonal) of c = alpha · aᵀa + beta · c (cols × cols). What lies above it is not touched.
void gram_of_columns(double alpha, const ConstMatrixRef& a, double beta, MatrixRef c);

// The lower triangle (with diagonal) of c = alpha · aaᵀ + beta · c (rows × rows). What lies above it is not touched.
void gram_of_rows(double alpha, const ConstMatrixRef& a, double beta, MatrixRef c);

// All inner products of the rows of a: rows × rows, both triangles. A product does not depend on the other rows'
// values.
Matrix inner_products_of_rows(const ConstMatrixRef& a);

// Fills what lies above the diagonal of a square matrix from what lies below it.
void mirror_lower_triangle(MatrixRef square);

// Whether a symmetric matrix is numerically positive definite. Only the lower triangle is read; it is destroyed.
bool has_cholesky_factor(MatrixRef symmetric);

}  // namespace headroom
