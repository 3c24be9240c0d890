/* Debian's BLAS and LAPACK by the names that /etc/alternatives gives them: a product that is large enough for several
 * threads, and a system of equations. */
#include <stdlib.h>

#include "library_number.h"

extern void dgemm_(const char* transpose_a, const char* transpose_b, const int* m, const int* n, const int* k,
                   const double* alpha, const double* a, const int* lda, const double* b, const int* ldb,
                   const double* beta, double* c, const int* ldc);
extern void dgesv_(const int* n, const int* n_right, double* a, const int* lda, int* pivots, double* b, const int* ldb,
                   int* info);

/* With A = 2 I and ones in B: A B = 2, and A⁻¹ (A B) = 1; their sum over a column is 3 n. */
static double number_of_library(int32_t n_threads) {
  enum { n = 512 };
  const int size = n;
  const double one = 1, zero = 0;
  double* a = calloc((size_t)n * n, sizeof(double));
  double* b = calloc((size_t)n * n, sizeof(double));
  double* product = calloc((size_t)n * n, sizeof(double));
  int* pivots = calloc(n, sizeof(int));
  int info = -1;
  double sum = 0;
  (void)n_threads;
  if (a && b && product && pivots) {
    for (int i = 0; i < n; ++i) a[i * n + i] = 2;
    for (int i = 0; i < n * n; ++i) b[i] = 1;
    dgemm_("N", "N", &size, &size, &size, &one, a, &size, b, &size, &zero, product, &size);
    for (int i = 0; i < n; ++i) sum += product[i];
    dgesv_(&size, &size, a, &size, pivots, product, &size, &info);
    for (int i = 0; i < n; ++i) sum += product[i];
  }
  free(a);
  free(b);
  free(product);
  free(pivots);
  return info == 0 ? sum : -1;
}
