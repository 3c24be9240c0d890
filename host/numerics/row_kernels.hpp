// The inner loops of the metrics over one or a few rows of genes. Plain pointers and builtins alone: see
// simd_clones.hpp.
//
// Sums run in kLanes partial sums that are added in a fixed order, so that equal rows give equal bits wherever they
// lie.
#pragma once

#include <cstddef>

namespace headroom {

inline constexpr std::size_t kLanes = 16;

// Sums over genes that need no mean first. p: prediction, y: truth, m: mean training delta.
struct PlainSums {
  double squared_error;   // Σ (p - y)²
  double absolute_error;  // Σ |p - y|
  double prediction;      // Σ p
  double shifted;         // Σ (p - m)
};
PlainSums plain_sums(const double* p, const double* y, const double* m, std::size_t n);

// A profile with its mean and the mean of its difference from the mean training delta.
struct CentredRow {
  const double* values;
  double mean, shift_mean;
};

// Sums over genes about the means of p and y, and of p - m and y - m.
struct CentredSums {
  double variance;          // Σ (p - p̄)²
  double covariance;        // Σ (p - p̄) (y - ȳ)
  double shift_variance;    // the same of p - m
  double shift_covariance;  // the same of p - m and y - m
};
CentredSums centred_sums(CentredRow p, CentredRow y, const double* m, std::size_t n);

// Σ w (p - y)².
double weighted_squared_error(const double* p, const double* y, const double* w, std::size_t n);

// Σ (a - b)², Σ |a - b|, Σ a², Σ |a|.
double squared_distance(const double* a, const double* b, std::size_t n);
double absolute_distance(const double* a, const double* b, std::size_t n);
double squared_norm(const double* a, std::size_t n);
double absolute_norm(const double* a, std::size_t n);

// Whether all values equal the first one (true of no values).
bool is_constant(const double* a, std::size_t n);

// L1 distances of kL1Rows rows from kL1Panel rows at once, in single precision: twice the speed of doubles, and enough
// to order all but near ties. `panel` holds kL1Panel rows gene by gene (genes × kL1Panel); `rows` are kL1Rows rows with
// the given stride. The distance of row i from panel row k is added to out[i · kL1Panel + k].
inline constexpr std::size_t kL1Rows = 4, kL1Panel = 32;
void add_l1_tile(const float* rows, std::size_t row_stride, const float* panel, std::size_t n_genes, double* out);

}  // namespace headroom
