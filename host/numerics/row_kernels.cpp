#include "numerics/row_kernels.hpp"

#include "numerics/simd_clones.hpp"

namespace headroom {

// A sum in kLanes partial sums. Written out in each kernel by these macros, since a marked function may call no other.
#define HEADROOM_ZERO_LANES(sum) \
  double sum[kLanes];            \
  for (std::size_t k = 0; k < kLanes; ++k) sum[k] = 0

#define HEADROOM_ADD_LANES(sum, total) \
  double total = 0;                    \
  for (std::size_t k = 0; k < kLanes; ++k) total += sum[k]

HEADROOM_SIMD_CLONES PlainSums plain_sums(const double* p, const double* y, const double* m, std::size_t n) {
  HEADROOM_ZERO_LANES(squared);
  HEADROOM_ZERO_LANES(absolute);
  HEADROOM_ZERO_LANES(plain);
  HEADROOM_ZERO_LANES(shift);
  std::size_t g = 0;
  for (; g + kLanes <= n; g += kLanes) {
    for (std::size_t k = 0; k < kLanes; ++k) {
      const double value = p[g + k], error = value - y[g + k];
      squared[k] += error * error;
      absolute[k] += __builtin_fabs(error);
      plain[k] += value;
      shift[k] += value - m[g + k];
    }
  }
  for (std::size_t k = 0; g < n; ++g, ++k) {
    const double error = p[g] - y[g];
    squared[k] += error * error;
    absolute[k] += __builtin_fabs(error);
    plain[k] += p[g];
    shift[k] += p[g] - m[g];
  }
  HEADROOM_ADD_LANES(squared, squared_error);
  HEADROOM_ADD_LANES(absolute, absolute_error);
  HEADROOM_ADD_LANES(plain, prediction);
  HEADROOM_ADD_LANES(shift, shifted);
  return {squared_error, absolute_error, prediction, shifted};
}

HEADROOM_SIMD_CLONES CentredSums centred_sums(CentredRow p, CentredRow y, const double* m, std::size_t n) {
  HEADROOM_ZERO_LANES(pp);
  HEADROOM_ZERO_LANES(py);
  HEADROOM_ZERO_LANES(qq);
  HEADROOM_ZERO_LANES(qs);
  std::size_t g = 0;
  for (; g + kLanes <= n; g += kLanes) {
    for (std::size_t k = 0; k < kLanes; ++k) {
      const double pc = p.values[g + k] - p.mean, yc = y.values[g + k] - y.mean;
      const double ps = (p.values[g + k] - m[g + k]) - p.shift_mean, ys = (y.values[g + k] - m[g + k]) - y.shift_mean;
      pp[k] += pc * pc;
      py[k] += pc * yc;
      qq[k] += ps * ps;
      qs[k] += ps * ys;
    }
  }
  for (std::size_t k = 0; g < n; ++g, ++k) {
    const double pc = p.values[g] - p.mean, yc = y.values[g] - y.mean;
    const double ps = (p.values[g] - m[g]) - p.shift_mean, ys = (y.values[g] - m[g]) - y.shift_mean;
    pp[k] += pc * pc;
    py[k] += pc * yc;
    qq[k] += ps * ps;
    qs[k] += ps * ys;
  }
  HEADROOM_ADD_LANES(pp, variance);
  HEADROOM_ADD_LANES(py, covariance);
  HEADROOM_ADD_LANES(qq, shift_variance);
  HEADROOM_ADD_LANES(qs, shift_covariance);
  return {variance, covariance, shift_variance, shift_covariance};
}

HEADROOM_SIMD_CLONES double weighted_squared_error(const double* p, const double* y, const double* w, std::size_t n) {
  HEADROOM_ZERO_LANES(sum);
  std::size_t g = 0;
  for (; g + kLanes <= n; g += kLanes) {
    for (std::size_t k = 0; k < kLanes; ++k) {
      const double error = p[g + k] - y[g + k];
      sum[k] += w[g + k] * (error * error);
    }
  }
  for (std::size_t k = 0; g < n; ++g, ++k) sum[k] += w[g] * ((p[g] - y[g]) * (p[g] - y[g]));
  HEADROOM_ADD_LANES(sum, total);
  return total;
}

HEADROOM_SIMD_CLONES double squared_distance(const double* a, const double* b, std::size_t n) {
  HEADROOM_ZERO_LANES(sum);
  std::size_t g = 0;
  for (; g + kLanes <= n; g += kLanes) {
    for (std::size_t k = 0; k < kLanes; ++k) {
      const double difference = a[g + k] - b[g + k];  // each value is read once
      sum[k] += difference * difference;
    }
  }
  for (std::size_t k = 0; g < n; ++g, ++k) {
    const double difference = a[g] - b[g];
    sum[k] += difference * difference;
  }
  HEADROOM_ADD_LANES(sum, total);
  return total;
}

HEADROOM_SIMD_CLONES double absolute_distance(const double* a, const double* b, std::size_t n) {
  HEADROOM_ZERO_LANES(sum);
  std::size_t g = 0;
  for (; g + kLanes <= n; g += kLanes) {
    for (std::size_t k = 0; k < kLanes; ++k) sum[k] += __builtin_fabs(a[g + k] - b[g + k]);
  }
  for (std::size_t k = 0; g < n; ++g, ++k) sum[k] += __builtin_fabs(a[g] - b[g]);
  HEADROOM_ADD_LANES(sum, total);
  return total;
}

HEADROOM_SIMD_CLONES double squared_norm(const double* a, std::size_t n) {
  HEADROOM_ZERO_LANES(sum);
  std::size_t g = 0;
  for (; g + kLanes <= n; g += kLanes) {
    for (std::size_t k = 0; k < kLanes; ++k) sum[k] += a[g + k] * a[g + k];
  }
  for (std::size_t k = 0; g < n; ++g, ++k) sum[k] += a[g] * a[g];
  HEADROOM_ADD_LANES(sum, total);
  return total;
}

HEADROOM_SIMD_CLONES double absolute_norm(const double* a, std::size_t n) {
  HEADROOM_ZERO_LANES(sum);
  std::size_t g = 0;
  for (; g + kLanes <= n; g += kLanes) {
    for (std::size_t k = 0; k < kLanes; ++k) sum[k] += __builtin_fabs(a[g + k]);
  }
  for (std::size_t k = 0; g < n; ++g, ++k) sum[k] += __builtin_fabs(a[g]);
  HEADROOM_ADD_LANES(sum, total);
  return total;
}

bool is_constant(const double* a, std::size_t n) {
  for (std::size_t g = 1; g < n; ++g) {
    if (a[g] != a[0]) return false;
  }
  return true;
}

HEADROOM_SIMD_CLONES void add_l1_tile(const float* __restrict rows, std::size_t row_stride,
                                      const float* __restrict panel, std::size_t n_genes, double* __restrict out) {
  // Few enough genes at a time that single precision keeps its digits and the panel's part stays in the first cache.
  constexpr std::size_t kChunk = 128;
  for (std::size_t first = 0; first < n_genes; first += kChunk) {
    const std::size_t last = first + kChunk < n_genes ? first + kChunk : n_genes;
    float sum[kL1Rows][kL1Panel];
    for (std::size_t i = 0; i < kL1Rows; ++i) {
      for (std::size_t k = 0; k < kL1Panel; ++k) sum[i][k] = 0;
    }
    for (std::size_t g = first; g < last; ++g) {
      for (std::size_t i = 0; i < kL1Rows; ++i) {
        const float value = rows[i * row_stride + g];
        for (std::size_t k = 0; k < kL1Panel; ++k) sum[i][k] += __builtin_fabsf(value - panel[g * kL1Panel + k]);
      }
    }
    for (std::size_t i = 0; i < kL1Rows; ++i) {
      for (std::size_t k = 0; k < kL1Panel; ++k) out[i * kL1Panel + k] += static_cast<double>(sum[i][k]);
    }
  }
}

}  // namespace headroom
