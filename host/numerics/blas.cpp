#include "numerics/blas.hpp"

#include <cblas.h>

#include <algorithm>
#include <cassert>
#include <cstddef>

// LAPACK as OpenBLAS exports it: Fortran, so pointers throughout and the length of the character argument at the end.
extern "C" void dpotrf_(const char* uplo, const blasint* n, double* a, const blasint* lda, blasint* info, std::size_t);

namespace headroom {
namespace {

blasint leading(Eigen::Index outer_stride) { return static_cast<blasint>(std::max<Eigen::Index>(1, outer_stride)); }

CBLAS_TRANSPOSE flag(Transpose transpose) { return transpose == Transpose::yes ? CblasTrans : CblasNoTrans; }

void gram(CBLAS_TRANSPOSE transpose, double alpha, const ConstMatrixRef& a, double beta, MatrixRef& c) {
  const Eigen::Index n = transpose == CblasTrans ? a.cols() : a.rows();
  const Eigen::Index k = transpose == CblasTrans ? a.rows() : a.cols();
  assert(c.rows() == n && c.cols() == n);
  if (n == 0) return;
  cblas_dsyrk(CblasRowMajor, CblasLower, transpose, static_cast<blasint>(n), static_cast<blasint>(k), alpha, a.data(),
              leading(a.outerStride()), beta, c.data(), leading(c.outerStride()));
}

}  // namespace

Result<BlasLibrary> require_threadsafe_blas() {
  constexpr int kSequential = 0, kOpenMp = 2;  // openblas_get_parallel()
  BlasLibrary library{openblas_get_config(), openblas_get_corename()};
  const char* const remedy = "install libopenblas0-pthread and remove the other OpenBLAS variants";
  if (openblas_get_parallel() == kSequential || library.config.find("SINGLE_THREADED") != std::string::npos) {
    return harness_fault("the serial OpenBLAS is loaded, whose results are wrong under concurrent callers",
                         library.config, remedy);
  }
  if (openblas_get_parallel() == kOpenMp) {
    return harness_fault("the OpenMP OpenBLAS is loaded, which cannot be kept to one thread", library.config, remedy);
  }
  openblas_set_num_threads(1);
  return library;
}

void gemm(Transpose transpose_a, Transpose transpose_b, double alpha, const ConstMatrixRef& a, const ConstMatrixRef& b,
          double beta, MatrixRef c) {
  const Eigen::Index m = transpose_a == Transpose::yes ? a.cols() : a.rows();
  const Eigen::Index k = transpose_a == Transpose::yes ? a.rows() : a.cols();
  const Eigen::Index n = transpose_b == Transpose::yes ? b.rows() : b.cols();
  assert(k == (transpose_b == Transpose::yes ? b.cols() : b.rows()));
  assert(c.rows() == m && c.cols() == n);
  if (m == 0 || n == 0) return;
  cblas_dgemm(CblasRowMajor, flag(transpose_a), flag(transpose_b), static_cast<blasint>(m), static_cast<blasint>(n),
              static_cast<blasint>(k), alpha, a.data(), leading(a.outerStride()), b.data(), leading(b.outerStride()),
              beta, c.data(), leading(c.outerStride()));
}

void gram_of_columns(double alpha, const ConstMatrixRef& a, double beta, MatrixRef c) {
  gram(CblasTrans, alpha, a, beta, c);
}

void gram_of_rows(double alpha, const ConstMatrixRef& a, double beta, MatrixRef c) {
  gram(CblasNoTrans, alpha, a, beta, c);
}

Matrix inner_products_of_rows(const ConstMatrixRef& a) {
  Matrix products(a.rows(), a.rows());
  gram_of_rows(1.0, a, 0.0, products);
  mirror_lower_triangle(products);
  return products;
}

void mirror_lower_triangle(MatrixRef square) {
  assert(square.rows() == square.cols());
  constexpr Eigen::Index kTile = 32;  // a tile and its mirror image stay in the first-level cache
  for (Eigen::Index top = 0; top < square.rows(); top += kTile) {
    const Eigen::Index height = std::min(kTile, square.rows() - top);
    for (Eigen::Index left = 0; left < top; left += kTile) {
      square.block(left, top, kTile, height) = square.block(top, left, height, kTile).transpose();
    }
    for (Eigen::Index i = top; i < top + height; ++i) {
      for (Eigen::Index j = top; j < i; ++j) square(j, i) = square(i, j);
    }
  }
}

bool has_cholesky_factor(MatrixRef symmetric) {
  // Row-major lower is Fortran's upper.
  const blasint n = static_cast<blasint>(symmetric.rows()), stride = leading(symmetric.outerStride());
  if (n == 0) return true;
  blasint info = 0;
  dpotrf_("U", &n, symmetric.data(), &stride, &info, 1);
  return info == 0;
}

}  // namespace headroom
