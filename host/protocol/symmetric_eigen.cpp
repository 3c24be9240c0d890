#include "protocol/symmetric_eigen.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

// LAPACK as OpenBLAS exports it: Fortran, so pointers throughout and the length of every character argument at the end.
extern "C" {
void dsyevr_(const char* jobz, const char* range, const char* uplo, const int* n, double* a, const int* lda,
             const double* vl, const double* vu, const int* il, const int* iu, const double* abstol, int* m, double* w,
             double* z, const int* ldz, int* isuppz, double* work, const int* lwork, int* iwork, const int* liwork,
             int* info, std::size_t, std::size_t, std::size_t);
void dgesdd_(const char* jobz, const int* m, const int* n, double* a, const int* lda, double* s, double* u,
             const int* ldu, double* vt, const int* ldvt, double* work, const int* lwork, int* iwork, int* info,
             std::size_t);
}

namespace headroom {
namespace {

tl::unexpected<Error> lapack_failure(const char* routine, int info) {
  return harness_fault(std::string("LAPACK's ") + routine + " did not converge", "info = " + std::to_string(info),
                       "report the input that causes this");
}

}  // namespace

Result<Eigenpairs> top_eigenpairs(MatrixRef symmetric, Eigen::Index n_pairs) {
  const int n = static_cast<int>(symmetric.rows());
  Eigenpairs top{Vector(n_pairs), Matrix(n_pairs, n)};
  if (n_pairs == 0) return top;

  // Row-major lower is Fortran's upper; the pairs come in ascending order, each vector contiguous.
  const int lda = std::max(1, static_cast<int>(symmetric.outerStride()));
  const int first = n - static_cast<int>(n_pairs) + 1, last = n;
  const double unused = 0, default_tolerance = 0;
  int n_found = 0, info = 0, n_work = -1, n_int_work = -1, best_int_work = 0;
  double best_work = 0;
  Vector ascending(n);
  Matrix vectors(n_pairs, n);
  std::vector<int> support(2 * static_cast<std::size_t>(n_pairs));
  dsyevr_("V", "I", "U", &n, symmetric.data(), &lda, &unused, &unused, &first, &last, &default_tolerance, &n_found,
          ascending.data(), vectors.data(), &n, support.data(), &best_work, &n_work, &best_int_work, &n_int_work, &info,
          1, 1, 1);
  n_work = static_cast<int>(best_work);
  n_int_work = best_int_work;
  std::vector<double> work(static_cast<std::size_t>(n_work));
  std::vector<int> int_work(static_cast<std::size_t>(n_int_work));
  dsyevr_("V", "I", "U", &n, symmetric.data(), &lda, &unused, &unused, &first, &last, &default_tolerance, &n_found,
          ascending.data(), vectors.data(), &n, support.data(), work.data(), &n_work, int_work.data(), &n_int_work,
          &info, 1, 1, 1);
  if (info != 0 || n_found != n_pairs) return lapack_failure("dsyevr", info);

  top.values = ascending.head(n_pairs).reverse();
  top.vectors = vectors.colwise().reverse();
  return top;
}

Result<RightSingular> right_singular_vectors(const ConstMatrixRef& a) {
  // Row-major a is Fortran's aᵀ, so its right vectors are the left ones there.
  const int m = static_cast<int>(a.cols()), n = static_cast<int>(a.rows()), k = std::min(m, n);
  RightSingular svd{Vector(k), Matrix(k, m)};
  if (k == 0) return svd;

  Matrix destroyed = a;
  Matrix other_side(n, k);
  std::vector<int> int_work(8 * static_cast<std::size_t>(k));
  int info = 0, n_work = -1;
  double best_work = 0;
  dgesdd_("S", &m, &n, destroyed.data(), &m, svd.values.data(), svd.vectors.data(), &m, other_side.data(), &k,
          &best_work, &n_work, int_work.data(), &info, 1);
  n_work = static_cast<int>(best_work);
  std::vector<double> work(static_cast<std::size_t>(n_work));
  dgesdd_("S", &m, &n, destroyed.data(), &m, svd.values.data(), svd.vectors.data(), &m, other_side.data(), &k,
          work.data(), &n_work, int_work.data(), &info, 1);
  if (info != 0) return lapack_failure("dgesdd", info);
  return svd;
}

}  // namespace headroom
