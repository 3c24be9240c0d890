/* libgomp: as many threads as the host grants, each with its own part of a sum. */
#include <omp.h>

#include "library_number.h"

/* 1 + ... + 1,000, and a thousand for each thread that took part. */
static double number_of_library(int32_t n_threads) {
  double sum = 0;
  int seen = 0;
#pragma omp parallel num_threads(n_threads) reduction(+ : sum)
  {
#pragma omp single
    seen = omp_get_num_threads();
#pragma omp for
    for (int i = 1; i <= 1000; ++i) sum += i;
  }
  return sum + 1000.0 * seen;
}
