#include "numerics/symmetric_eigen.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "numerics/blas.hpp"
#include "numerics/block_lanczos.hpp"

// LAPACK as OpenBLAS exports it: Fortran, so pointers throughout and the length of every character argument at the end.
extern "C" {
void dsytrd_(const char* uplo, const int* n, double* a, const int* lda, double* d, double* e, double* tau, double* work,
             const int* lwork, int* info, std::size_t);
void dsterf_(const int* n, double* d, double* e, int* info);
void dstebz_(const char* range, const char* order, const int* n, const double* vl, const double* vu, const int* il,
             const int* iu, const double* abstol, const double* d, const double* e, int* m, int* nsplit, double* w,
             int* iblock, int* isplit, double* work, int* iwork, int* info, std::size_t, std::size_t);
void dstein_(const int* n, const double* d, const double* e, const int* m, const double* w, const int* iblock,
             const int* isplit, double* z, const int* ldz, double* work, int* iwork, int* ifail, int* info);
void dormtr_(const char* side, const char* uplo, const char* trans, const int* m, const int* n, const double* a,
             const int* lda, const double* tau, double* c, const int* ldc, double* work, const int* lwork, int* info,
             std::size_t, std::size_t, std::size_t);
void dgesdd_(const char* jobz, const int* m, const int* n, double* a, const int* lda, double* s, double* u,
             const int* ldu, double* vt, const int* ldvt, double* work, const int* lwork, int* iwork, int* info,
             std::size_t);
}

namespace headroom {
namespace {

constexpr int kBlockColumns = 64;  // at least as many as LAPACK's blocked routines take at once

tl::unexpected<Error> lapack_failure(const char* routine, int info) {
  return harness_fault(std::string("LAPACK's ") + routine + " did not converge", "info = " + std::to_string(info),
                       "report the input that causes this");
}

struct Tridiagonal {
  Vector diagonal;
  Vector beside;  // n - 1 numbers count
};

bool splits(const Tridiagonal& t) {
  const double epsilon = std::numeric_limits<double>::epsilon();
  for (Eigen::Index i = 0; i + 1 < t.diagonal.size(); ++i) {
    if (std::abs(t.beside[i]) <= epsilon * (std::abs(t.diagonal[i]) + std::abs(t.diagonal[i + 1]))) return true;
  }
  return false;
}

// In ascending order within each part; by inverse iteration, whose residuals and angles are good to rounding. (LAPACK's
// newer way, dstemr, is no faster for few pairs of these sizes and loses two digits.)
Result<Eigenpairs> top_pairs_of_tridiagonal(const Tridiagonal& t, int n_wanted) {
  const int n = static_cast<int>(t.diagonal.size());
  Vector values(n);
  std::vector<int> block_of(static_cast<std::size_t>(n), 1), block_ends(static_cast<std::size_t>(n), n);
  std::vector<double> work(5 * static_cast<std::size_t>(n));
  std::vector<int> int_work(3 * static_cast<std::size_t>(n)), failed(static_cast<std::size_t>(n));
  int info = 0;
  if (splits(t)) {  // bisection tells which part each value belongs to
    const int first = n - n_wanted + 1, last = n;
    const double unused = 0, default_tolerance = 0;
    int n_found = 0, n_blocks = 0;
    dstebz_("I", "B", &n, &unused, &unused, &first, &last, &default_tolerance, t.diagonal.data(), t.beside.data(),
            &n_found, &n_blocks, values.data(), block_of.data(), block_ends.data(), work.data(), int_work.data(), &info,
            1, 1);
    if (info != 0 || n_found != n_wanted) return lapack_failure("dstebz", info);
  } else {  // all values at once, in less time
    values = t.diagonal;
    Vector destroyed = t.beside;
    dsterf_(&n, values.data(), destroyed.data(), &info);
    if (info != 0) return lapack_failure("dsterf", info);
    values = values.tail(n_wanted).eval();
  }
  Eigenpairs pairs{values.head(n_wanted), Matrix(n_wanted, n)};
  dstein_(&n, t.diagonal.data(), t.beside.data(), &n_wanted, pairs.values.data(), block_of.data(), block_ends.data(),
          pairs.vectors.data(), &n, work.data(), int_work.data(), failed.data(), &info);
  if (info != 0) return lapack_failure("dstein", info);
  return pairs;
}

}  // namespace

Result<Eigenpairs> top_eigenpairs(MatrixRef symmetric, Eigen::Index n_pairs) {
  const Eigen::Index size = symmetric.rows();
  if (size >= kLeastLanczosSize && n_pairs > 0 && size >= kLeastLanczosMultiple * n_pairs) {
    mirror_lower_triangle(symmetric);
    if (auto top = block_lanczos(symmetric, n_pairs)) return std::move(*top);
  }
  return top_eigenpairs_by_lapack(symmetric, n_pairs);
}

Result<Eigenpairs> top_eigenpairs_by_lapack(MatrixRef symmetric, Eigen::Index n_pairs) {
  const int n = static_cast<int>(symmetric.rows()), n_wanted = static_cast<int>(n_pairs);
  Eigenpairs top{Vector(n_pairs), Matrix(n_pairs, n)};
  if (n_pairs == 0) return top;

  // To tridiagonal form. Row-major lower is Fortran's upper.
  const int lda = std::max(1, static_cast<int>(symmetric.outerStride())), n_work = kBlockColumns * n;
  std::vector<double> work(static_cast<std::size_t>(n_work));
  Tridiagonal reduced{Vector(n), Vector(n)};
  Vector reflectors(n);
  int info = 0;
  dsytrd_("U", &n, symmetric.data(), &lda, reduced.diagonal.data(), reduced.beside.data(), reflectors.data(),
          work.data(), &n_work, &info, 1);
  if (info != 0) return lapack_failure("dsytrd", info);

  auto pairs = top_pairs_of_tridiagonal(reduced, n_wanted);
  if (!pairs) return pairs;
  dormtr_("L", "U", "N", &n, &n_wanted, symmetric.data(), &lda, reflectors.data(), pairs->vectors.data(), &n,
          work.data(), &n_work, &info, 1, 1, 1);
  if (info != 0) return lapack_failure("dormtr", info);
  std::vector<Eigen::Index> order(static_cast<std::size_t>(n_pairs));
  std::iota(order.begin(), order.end(), Eigen::Index{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](Eigen::Index i, Eigen::Index j) { return pairs->values[i] > pairs->values[j]; });
  for (Eigen::Index pair = 0; pair < n_pairs; ++pair) {
    const Eigen::Index from = order[static_cast<std::size_t>(pair)];
    top.values[pair] = pairs->values[from];
    top.vectors.row(pair) = pairs->vectors.row(from);
  }
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
